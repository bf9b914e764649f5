"""A cloud whose containers are real ones, and what it takes to run an image in it as its user would: with boto3."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import BuildError

from tests.contract.provision import create_bucket, create_role
from tests.docker.conftest import login, reached
from tests.engine import FOLDER, build_image, locked
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import DockerClient

    from agent.cloud.embedded import EmbeddedCloud

IMAGES = Path(__file__).parent / "images"
_SECONDS = 240


def built(engine: DockerClient, folder: Path, tag: str, target: str | None = None, **arguments: str) -> str:
    """Build an image as its user would; its name. Nothing is fetched meanwhile."""
    try:
        build_image(engine, folder, tag=tag, target=target, buildargs=arguments, network_mode="none")
    except BuildError as error:
        said = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise AssertionError(f"{folder.name} could not be built: {said}") from error
    return tag


def wheels(image: str) -> Path:
    """A folder with the wheels that an image's ``requirements.txt`` names, fetched or built once and kept.

    They are those of this Python, which must be that of the machine's Debian release: images of the tests have it.
    """
    requirements = IMAGES / image / "requirements.txt"
    content = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = FOLDER / f"wheels-{image}-{content}-{sys.version_info[0]}.{sys.version_info[1]}"
    with locked("wheels"):
        if not folder.is_dir():
            require("gcc")
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(partial)]
            command = [*pip, "--requirement", str(requirements)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            partial.rename(folder)
    return folder


def with_wheels(image: str, folder: Path) -> Path:
    """The build context of an image that installs from ``wheels/``, put together in an empty folder."""
    context = folder / image
    shutil.copytree(IMAGES / image, context)
    shutil.copytree(wheels(image), context / "wheels")
    return context


def pushed(engine: DockerClient, cloud: EmbeddedCloud, image: str, repository: str) -> str:
    """`docker push` an image of the engine into the tools account; its URI by digest."""
    uri = cloud.client("ecr").create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    name = reached(cloud, uri)
    engine.images.get(image).tag(name, "1")
    lines = engine.images.push(name, "1", auth_config=login(cloud, "tools").document(), stream=True, decode=True)
    told = [line["aux"]["Digest"] for line in lines if "aux" in line]
    engine.images.remove(f"{name}:1", noprune=True)
    return f"{uri}@{told[0]}"


@dataclass(kw_only=True)
class Account:
    """One account of a cloud, with one bucket and one execution role."""

    cloud: EmbeddedCloud
    name_in_cloud: str = "tools"
    _number: int = field(default=0, init=False)

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        return self.cloud.client(service, self.name_in_cloud)

    def forget_clients(self) -> None:
        """The cloud has another address since it was started again."""
        for name in ("s3", "sagemaker", "sagemaker_runtime"):
            self.__dict__.pop(name, None)

    @cached_property
    def role(self) -> str:
        return create_role(self.client("iam"), "execution")

    @cached_property
    def bucket(self) -> str:
        return create_bucket(self.s3, f"containers-{self.name_in_cloud}")

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    @cached_property
    def sagemaker_runtime(self) -> Any:
        return self.client("sagemaker-runtime")

    def name(self, what: str) -> str:
        """A name that is not used yet."""
        self._number += 1
        return f"{what}-{self._number}"

    def put(self, key: str, content: bytes | str) -> str:
        """An object; its URI."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        """An object's content."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def begin_training(self, image: str, hyperparameters: Mapping[str, str], **more: Any) -> str:
        """Create a training job of one ml.t3.medium; its name."""
        name = self.name("training")
        request: dict[str, Any] = {
            "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
            "RoleArn": self.role,
            "HyperParameters": dict(hyperparameters),
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **more,
        }
        self.sagemaker.create_training_job(TrainingJobName=name, **request)
        return name

    def train(self, image: str, hyperparameters: Mapping[str, str], **more: Any) -> dict[str, Any]:
        """A training job from its beginning to its end, as it is described then."""
        name = self.begin_training(image, hyperparameters, **more)
        return self.ended(lambda: self.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    def ended(self, describe: Any, status: str) -> dict[str, Any]:
        """What ``describe`` answers once nothing is under way any more."""
        deadline = time.monotonic() + _SECONDS
        while (described := describe())[status] in {"InProgress", "Stopping", "Creating", "Updating", "Deleting"}:
            assert time.monotonic() < deadline, described
            time.sleep(0.1)
        return dict(described)

    def model_files(self, described: Mapping[str, Any]) -> dict[str, bytes]:
        """What a training job left in /opt/ml/model."""
        archive = io.BytesIO(self.get(described["ModelArtifacts"]["S3ModelArtifacts"]))
        with tarfile.open(fileobj=archive) as tar:
            return {member.name: content.read() for member in tar if (content := tar.extractfile(member))}

    def logged(self, group: str, prefix: str) -> list[str]:
        """The lines of a job's or an endpoint's containers, stream by stream."""
        logs = self.client("logs")
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
        names = sorted(stream["logStreamName"] for stream in streams)
        events = [logs.get_log_events(logGroupName=group, logStreamName=n, startFromHead=True) for n in names]
        return [event["message"] for found in events for event in found["events"]]

    def await_line(self, group: str, prefix: str, line: str, times: int = 1) -> None:
        """Wait until a line has been logged; logs arrive a moment later than they were written."""
        deadline = time.monotonic() + _SECONDS
        while (found := self._logged_so_far(group, prefix)).count(line) < times:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def _logged_so_far(self, group: str, prefix: str) -> list[str]:
        try:
            return self.logged(group, prefix)
        except self.client("logs").exceptions.ResourceNotFoundException:
            return []

    @contextmanager
    def serving(self, image: str, data: str | None = None, **more: Any) -> Iterator[str]:
        """An endpoint in service; its name."""
        name = self.deploy(image, data, **more)
        described = self.settled(name)
        assert described["EndpointStatus"] == "InService", (described, self.cloud.log[-4000:])
        yield name
        self.sagemaker.delete_endpoint(EndpointName=name)

    def deploy(self, image: str, data: str | None = None, **more: Any) -> str:
        """Create an endpoint of one ml.m5.large; its name."""
        name = self.name("endpoint")
        container = {"Image": image, **({"ModelDataUrl": data} if data else {}), **more.pop("Container", {})}
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role, **more)
        variant = {
            "VariantName": "all",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "ContainerStartupHealthCheckTimeoutInSeconds": 60,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return name

    def settled(self, endpoint: str) -> dict[str, Any]:
        """An endpoint's description once it is in service, or has failed."""
        return self.ended(lambda: self.sagemaker.describe_endpoint(EndpointName=endpoint), "EndpointStatus")

    def ask(self, endpoint: str, body: str, content_type: str = "text/csv") -> str:
        """The answer to one invocation."""
        answer = self.sagemaker_runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type)
        return str(answer["Body"].read().decode())

    def asked(self, endpoint: str, body: str = "hello") -> dict[str, Any]:
        """What the server of ``images/contract`` tells."""
        told: dict[str, Any] = json.loads(self.ask(endpoint, body))
        return told


def archive(files: Mapping[str, str]) -> bytes:
    """A `.tar.gz` of these files."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content := text.encode())
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()
