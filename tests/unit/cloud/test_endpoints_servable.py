"""What is served for a model: its containers in order, with names, artifacts and environments as AWS gives them.

Source: ContainerDefinition and CreateModel in the SageMaker API reference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.models import Model
from agent.cloud.sagemaker.servable import ModelData, ServableModel, servable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Shelf:
    """Packages whose containers are known beforehand."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self._containers = containers

    def containers(self, _model: Model, _definition: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return self._containers


def served(packages: Shelf | None = None, **request: Any) -> ServableModel:
    model = Model(
        account="111111111111",
        region="us-east-1",
        name="iris",
        arn="arn:aws:sagemaker:us-east-1:111111111111:model/iris",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        request={"ModelName": "iris", "ExecutionRoleArn": "arn:aws:iam::111111111111:role/r", **request},
    )
    return servable(model, packages or Shelf())


def test_the_only_container_is_called_primary() -> None:
    model = served(PrimaryContainer={"Image": "i", "ContainerHostname": "ignored"})
    assert [container.hostname for container in model.containers] == ["primary"]


def test_containers_of_a_pipeline_keep_their_names_or_get_numbers() -> None:
    model = served(Containers=[{"Image": "a", "ContainerHostname": "prepare"}, {"Image": "b"}])
    assert [container.hostname for container in model.containers] == ["prepare", "container-2"]


@pytest.mark.parametrize(
    ("members", "data"),
    [
        ({}, None),
        ({"ModelDataUrl": "s3://b/m.tar.gz"}, ModelData(uri="s3://b/m.tar.gz")),
        (
            {
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://b/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}
                }
            },
            ModelData(uri="s3://b/m/", prefix=True, compressed=False),
        ),
        (
            {
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://b/m", "S3DataType": "S3Object", "CompressionType": "Gzip"}
                }
            },
            ModelData(uri="s3://b/m"),
        ),
    ],
)
def test_an_artifact_is_an_archive_an_object_or_a_prefix(members: dict[str, Any], data: ModelData | None) -> None:
    (container,) = served(PrimaryContainer={"Image": "i", **members}).containers
    assert container.data == data


def test_a_package_gives_containers_and_the_model_its_own_environment_over_theirs() -> None:
    package = Shelf({"Image": "packaged", "Environment": {"A": "package", "B": "package"}})
    (container,) = served(package, PrimaryContainer={"ModelPackageName": "p", "Environment": {"B": "model"}}).containers
    assert (container.image, container.environment) == ("packaged", {"A": "package", "B": "model"})


@pytest.mark.parametrize(("mode", "direct"), [("Serial", False), ("Direct", True)])
def test_containers_are_visited_in_turn_unless_invoked_directly(mode: str, direct: bool) -> None:
    assert served(Containers=[{"Image": "a"}], InferenceExecutionConfig={"Mode": mode}).direct is direct


def test_an_isolated_model_has_no_network() -> None:
    assert not served(PrimaryContainer={"Image": "i"}, EnableNetworkIsolation=True).network


def test_many_models_in_one_container_are_refused_plainly() -> None:
    with pytest.raises(AwsError, match="not served by this embedded cloud"):
        served(PrimaryContainer={"Image": "i", "Mode": "MultiModel"})
