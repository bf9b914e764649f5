"""Hosting with the SDK: ``Model``, ``EndpointConfig``, ``Endpoint``, and a batch transform of the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TransformJob
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.core.utils.exceptions import FailedStatusError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.workbench import Workbench

INSTANCE = "ml.m5.large"


def configuration(bench: Workbench, name: str, environment: dict[str, str]) -> None:
    container = ContainerDefinition(image=bench.image, environment=environment)
    Model.create(model_name=name, primary_container=container, execution_role_arn=bench.role)
    variant = ProductionVariant(
        variant_name="only",
        model_name=name,
        instance_type=INSTANCE,
        initial_instance_count=1,
        initial_variant_weight=1.0,
    )
    EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])


def test_an_endpoint_from_creation_to_deletion(workbench: Workbench, unique: Callable[[str], str]) -> None:
    name, better = unique("sdk"), unique("sdk-better")
    configuration(workbench, name, {"DO_ANSWER": "old"})
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
    endpoint.wait_for_status("InService", poll=1)
    answer = endpoint.invoke(body=b"1,2", content_type="text/csv")
    assert (answer.body.read(), answer.invoked_production_variant) == (b"old", "only")
    configuration(workbench, better, {"DO_ANSWER": "new"})
    endpoint.endpoint_config_name = better
    endpoint.update()
    endpoint.wait_for_status("InService", poll=1)
    assert endpoint.invoke(body=b"1,2", content_type="text/csv").body.read() == b"new"
    assert [found.endpoint_name for found in Endpoint.get_all(name_contains=name)] == [name]
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        Endpoint.get(endpoint_name=name)


def test_an_endpoint_that_fails_says_why(workbench: Workbench, unique: Callable[[str], str], hurry: None) -> None:
    name = unique("sdk")
    configuration(workbench, name, {"DO_EXIT": "1"})
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
    with pytest.raises(FailedStatusError, match="ping health check"):
        endpoint.wait_for_status("InService", poll=1)
    endpoint.delete()


def test_a_transform_job_answers_every_object(
    workbench: Workbench, client: Callable[..., Any], unique: Callable[[str], str]
) -> None:
    name = unique("sdk")
    configuration(workbench, name, {})
    client("s3").put_object(Bucket=workbench.bucket, Key=f"{name}/rows.csv", Body=b"1,2\n")
    workbench.transform(name, name, f"s3://{workbench.bucket}/{name}")
    job = TransformJob.get(transform_job_name=name)
    job.wait(poll=1)
    assert job.transform_job_status == "Completed"
    written = client("s3").get_object(Bucket=workbench.bucket, Key=f"output/{name}/rows.csv.out")
    assert written["Body"].read() == b"1,2\n"
