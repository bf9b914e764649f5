"""The builder `layers` against ECR: base images of this account and of others, and pushes that are interrupted."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from agent.errors import AccessDeniedError, InputMissingError, UsageError
from agent.images.assemble import ImageRecipe, assemble
from agent.images.builders import Builders
from agent.images.layer import FolderLayer
from agent.images.layout import ImageLayout
from agent.images.manifest import ImageConfig
from agent.images.registry import Registry, RegistryEndpoint
from agent.ports.images import BuildOrder, PushTarget
from tests.contract.provision import PROGRAM, create_role
from tests.contract.workbench import Workbench
from tests.cutting import cutting_way
from tests.fakes import FakeClock, KeptReport
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud

pytestmark = pytest.mark.embedded_only("pushes to a registry whose host name is not the endpoint's")

LARGE = 8 << 20


def target(cloud: EmbeddedCloud, repository: str, account: str = "tools") -> PushTarget:
    """An account's repository, which is made if need be."""
    ecr = cloud.client("ecr", account)
    made = ecr.describe_repositories()["repositories"]
    found = next((one for one in made if one["repositoryName"] == repository), None)
    uri = (found or ecr.create_repository(repositoryName=repository)["repository"])["repositoryUri"]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return PushTarget(
        uri=uri,
        repository=repository,
        base_url=cloud.endpoint,
        host=uri.partition("/")[0],
        token=base64.b64decode(token).decode().partition(":")[2],
    )


def push_base(cloud: EmbeddedCloud, folder: Path, account: str = "tools") -> str:
    """A base image that says it has Python 3.11, in a repository of its own; its URI by digest."""
    (folder / "base").mkdir(exist_ok=True)
    (folder / "base/data").write_bytes(bytes(range(256)) * (LARGE // 256))
    settings = ImageConfig(
        env=(("PYTHON_VERSION", "3.11.9"), ("PATH", "/usr/bin:/bin")), cmd=("python3",), user="nobody"
    )
    layout = ImageLayout(folder / "layout")
    digest = assemble(
        ImageRecipe(layers=(FolderLayer(source=folder / "base", target="/opt/base"),), config=settings), layout
    ).digest
    place = target(cloud, f"bases-{uuid4().hex[:8]}", account)
    endpoint = RegistryEndpoint(base_url=place.base_url, host=place.host, password=place.token)
    Registry(endpoint).push(layout, digest, place.repository, tag="1")
    return f"{place.uri}@{digest}"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A model repository with one locked wheel, and the machine that builds its image."""

    cloud: EmbeddedCloud
    folder: Path
    base: str
    repository: str = field(default_factory=lambda: f"model-{uuid4().hex[:8]}")
    heard: KeptReport = field(default_factory=KeptReport)

    def build(self, tag: str = "1", place: PushTarget | None = None, **changes: Any) -> str:
        whole: dict[str, Any] = {
            "builder": "layers",
            "folder": self.folder,
            "context": "container",
            "dockerfile": "Dockerfile",
            "base_image": self.base,
            "requirements": "requirements.txt",
            "build_args": {},
        }
        builders = Builders(FakeClock(), {"MODELYARD_CACHE": str(self.folder / "cache")})
        order = BuildOrder(**{**whole, **changes})
        place = place or target(self.cloud, self.repository)
        return builders.build_and_push(order, place, tag=tag, report=self.heard)

    def registry(self) -> Registry:
        place = target(self.cloud, self.repository)
        return Registry(RegistryEndpoint(base_url=place.base_url, host=place.host, password=place.token))


@pytest.fixture
def work(cloud: EmbeddedCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheel = make_wheel(tmp_path / "shelf", "tool", files={"tool.py": "x = 1\n", "tool_data.txt": "d" * LARGE})
    (tmp_path / "requirements.txt").write_text(locked(wheel))
    container = tmp_path / "container"
    container.mkdir()
    for path in PROGRAM.iterdir():
        if path.is_file():
            (container / path.name).write_bytes(path.read_bytes())
            (container / path.name).chmod(path.stat().st_mode)
    return Work(cloud=cloud, folder=tmp_path, base=push_base(cloud, tmp_path))


def test_the_image_has_the_bases_layers_and_ours_above_them(work: Work, tmp_path: Path) -> None:
    digest = work.build()
    pulled = ImageLayout(tmp_path / "pulled")
    work.registry().pull(pulled, work.repository, digest)
    base = ImageLayout(tmp_path / "layout").manifest(work.base.partition("@")[2])
    assert pulled.manifest(digest).layers[: len(base.layers)] == base.layers
    assert len(pulled.manifest(digest).layers) == len(base.layers) + 2
    settings = pulled.config(digest)
    assert (settings.cmd, settings.user, settings.working_dir) == (("python3",), "nobody", "/opt/program")
    assert dict(settings.env) == {
        "PATH": "/opt/program:/opt/python/bin:/usr/bin:/bin",
        "PYTHONPATH": "/opt/python/lib/python3.11/site-packages",
        "PYTHONUNBUFFERED": "1",
        "PYTHON_VERSION": "3.11.9",
    }


def test_the_bases_layers_are_mounted(work: Work) -> None:
    base = work.base.partition("@")[2]
    since = work.cloud.calls()[-1].number
    work.build()
    sent = [call for call in work.cloud.calls(since) if call.path.startswith("/v2/") and call.action == "ecr:PATCH"]
    assert len(sent) == 4, f"dependencies, code and configuration, and the record of the dependencies: {base}"


def test_an_unchanged_image_is_built_again_without_a_write(work: Work) -> None:
    first, since = work.build(), work.cloud.calls()[-1].number
    assert work.build() == first
    calls = [call.action for call in work.cloud.calls(since) if call.path.startswith("/v2/")]
    assert set(calls) <= {"ecr:GET", "ecr:HEAD"}
    assert len(calls) <= 2


def test_a_base_of_another_account_is_copied_as_far_as_it_lets_us(work: Work, tmp_path: Path) -> None:
    foreign = push_base(work.cloud, tmp_path, account="prod")
    with pytest.raises(AccessDeniedError, match="not authorized"):
        work.build(base_image=foreign)
    repository = foreign.partition("@")[0].rpartition("/")[2]
    admit = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{work.cloud.running.administrator('tools').account}:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [admit]})
    work.cloud.client("ecr", "prod").set_repository_policy(repositoryName=repository, policyText=policy)
    assert work.build(base_image=foreign) == work.build(tag="other")


def test_a_base_that_moves_is_warned_of(work: Work) -> None:
    tag = f"{work.base.partition('@')[0]}:1"
    digest = work.build(base_image=tag)
    assert digest == work.build()
    assert any("is a tag, which may move" in warning for warning in work.heard.of("warn"))


def test_a_lock_file_that_is_not_whole_is_warned_of(work: Work) -> None:
    wheel = make_wheel(work.folder / "shelf", "tool", needs=["forgotten>=1"])
    (work.folder / "requirements.txt").write_text(locked(wheel))
    work.build()
    assert any("lacks what its own libraries need: forgotten (for tool)" in told for told in work.heard.of("warn"))


def test_what_nobody_asked_for_in_a_month_is_forgotten(work: Work) -> None:
    work.build()
    (record,) = (work.folder / "cache/dependencies").glob("*.json")
    layer = ImageLayout(work.folder / "cache/layers").blob_path(json.loads(record.read_text())["digest"])
    killed = layer.with_name(".incoming-of-a-killed-build")
    killed.touch()
    for file in (record, killed):
        os.utime(file, (1, 1))
    (work.folder / "requirements.txt").write_text(locked(make_wheel(work.folder / "shelf", "another")))
    assert layer.exists()
    work.build()
    assert [file.exists() for file in (record, layer, killed)] == [False, False, False]


def test_a_base_that_is_absent_is_told(work: Work) -> None:
    with pytest.raises(InputMissingError, match="manifests/none answered 404"):
        work.build(base_image=f"{work.base.partition('@')[0]}:none")


def test_a_base_for_another_platform_is_refused(work: Work) -> None:
    with pytest.raises(UsageError, match=r"is for linux/amd64, not for linux/arm64; set `image\.platform`"):
        work.build(platform="linux/arm64")


def test_an_upload_that_was_cut_goes_on_where_it_was(work: Work) -> None:
    """The registry tells how much has arrived; what has is not sent again."""
    place = target(work.cloud, work.repository)
    with cutting_way(place.base_url.partition("://")[2], LARGE // 2, LARGE // 4) as (way, address):
        digest = work.build(place=replace(place, base_url=f"http://{address}"))
        assert way.cuts == []
    assert way.sent < LARGE * 1.3
    assert work.registry().resolve(work.repository, "1") == digest


def test_sagemaker_trains_and_serves_the_image(work: Work, cloud: EmbeddedCloud) -> None:
    bucket = f"layers-{uuid4().hex[:8]}"
    cloud.client("s3").create_bucket(Bucket=bucket)
    role = create_role(cloud.client("iam"), f"layers-{uuid4().hex[:8]}")
    image = f"{target(cloud, work.repository).uri}@{work.build()}"
    bench = Workbench(sagemaker=cloud.client("sagemaker"), role=role, bucket=bucket, image=image)
    name = f"layers-{uuid4().hex[:8]}"
    bench.train(name, {"model": "trained"})
    ended = bench.ended_training(name)
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    bench.endpoint(name)
    assert bench.settled_endpoint(name)["EndpointStatus"] == "InService"
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1,2", ContentType="text/csv")
    assert answer["Body"].read()
    bench.dismantle(name)
