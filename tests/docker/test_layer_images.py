"""An image by the builder `layers`, trained and served by the embedded cloud in containers of a real engine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.images.builders import Builders
from agent.ports.images import BuildOrder, PushTarget
from tests.docker.conftest import login
from tests.docker.contained import Account, pushed
from tests.engine import python_image
from tests.fakes import FakeClock, KeptReport
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

EXAMPLE = ROOT / "examples" / "tumour-byo"


@pytest.fixture(scope="module")
def cloud(docker_host: str) -> Iterator[EmbeddedCloud]:
    """A cloud that runs containers only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        with EmbeddedCloud(runtime="docker") as cloud:
            yield cloud


def layered(engine: DockerClient, cloud: EmbeddedCloud, folder: Path) -> str:
    """The example's image, built without the engine and pushed to ECR; its URI by digest."""
    base = pushed(engine, cloud, python_image(), "bases/python")
    uri = cloud.client("ecr").create_repository(repositoryName="tumour")["repository"]["repositoryUri"]
    shutil.copytree(EXAMPLE, folder / "checkout")
    order = BuildOrder(
        builder="layers",
        folder=folder / "checkout",
        context="container",
        dockerfile="container/Dockerfile",
        base_image=base,
        requirements="container/requirements.txt",
        build_args={},
        python="3.11",
    )
    target = PushTarget(
        uri=uri,
        repository="tumour",
        base_url=cloud.endpoint,
        host=uri.partition("/")[0],
        token=login(cloud, "tools").password,
    )
    builders = Builders(FakeClock(), {**os.environ, "MODELYARD_CACHE": str(folder / "cache")})
    return f"{uri}@{builders.build_and_push(order, target, tag='1', report=KeptReport())}"


def test_it_trains_and_serves_on_data(engine: DockerClient, cloud: EmbeddedCloud, tmp_path: Path) -> None:
    account, image = Account(cloud=cloud), layered(engine, cloud, tmp_path)
    rows = [line for line in (EXAMPLE / "data/tumours.csv").read_text().splitlines() if line[:1].isdigit()]
    account.put("training/rows.csv", "\n".join(rows) + "\n")
    channel = {
        "ChannelName": "training",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{account.bucket}/training/"}},
    }
    trained = account.train(image, {"trees": "5", "malignant_weight": "2"}, InputDataConfig=[channel])
    assert trained["TrainingJobStatus"] == "Completed", trained.get("FailureReason")

    artifact = trained["ModelArtifacts"]["S3ModelArtifacts"]
    name = "layered"
    account.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=account.role, PrimaryContainer={"Image": image, "ModelDataUrl": artifact}
    )
    variant = {"VariantName": "only", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    account.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described = account.ended(lambda: account.sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus")
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    features = rows[0].partition(",")[2]
    answer = account.sagemaker_runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=features)
    assert 0 <= float(answer["Body"].read()) <= 1
