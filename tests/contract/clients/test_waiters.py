"""Every waiter that boto3 has for an operation served here, to its good end and to its bad one.

The list comes from botocore's own ``waiters-2.json``, so a waiter without a case here is a failing test.
Source: https://docs.aws.amazon.com/boto3/latest/reference/services/sagemaker.html#waiters
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.contract.inventory import AS_IT_IS, served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.workbench import Workbench

    Case = Callable[[Workbench, str], dict[str, str]]
    """Sets a waiter's scene under a name; the parameters of its describe call."""

ON_AWS = {"Delay": 15, "MaxAttempts": 120}
HERE = {"Delay": 0.1, "MaxAttempts": 600}


def waiters() -> dict[str, str]:
    """The operation behind each waiter."""
    loader = botocore.session.get_session().get_component("data_loader")
    described = loader.load_service_model("sagemaker", "waiters-2")["waiters"]
    return {name: waiter["operation"] for name, waiter in described.items()}


def training(orders: Mapping[str, str]) -> Case:
    def start(bench: Workbench, name: str) -> dict[str, str]:
        bench.train(name, orders)
        return {"TrainingJobName": name}

    return start


def processing(orders: Mapping[str, str]) -> Case:
    def start(bench: Workbench, name: str) -> dict[str, str]:
        bench.process(name, orders)
        return {"ProcessingJobName": name}

    return start


def transform(orders: Mapping[str, str]) -> Case:
    def start(bench: Workbench, name: str) -> dict[str, str]:
        bench.model(name, orders)
        bench.transform(name, name, f"s3://{bench.bucket}/waiter-input")
        return {"TransformJobName": name}

    return start


def endpoint(orders: Mapping[str, str]) -> Case:
    def start(bench: Workbench, name: str) -> dict[str, str]:
        bench.endpoint(name, orders)
        return {"EndpointName": name}

    return start


def deleted_endpoint(bench: Workbench, name: str) -> dict[str, str]:
    bench.endpoint(name)
    bench.settled_endpoint(name)
    bench.dismantle(name)
    return {"EndpointName": name}


GOOD: Mapping[str, Case] = {
    "TrainingJobCompletedOrStopped": training({}),
    "ProcessingJobCompletedOrStopped": processing({}),
    "TransformJobCompletedOrStopped": transform({}),
    "EndpointInService": endpoint({}),
    "EndpointDeleted": deleted_endpoint,
}
BAD: Mapping[str, Case] = {
    "TrainingJobCompletedOrStopped": training({"exit": "1"}),
    "ProcessingJobCompletedOrStopped": processing({"exit": "1"}),
    "TransformJobCompletedOrStopped": transform({"status": "500"}),
    "EndpointInService": endpoint({"exit": "1"}),
    "EndpointDeleted": endpoint({"exit": "1"}),
}


@pytest.fixture(scope="module", autouse=True)
def transform_input(client: Callable[..., Any], bucket: str) -> None:
    client("s3").put_object(Bucket=bucket, Key="waiter-input/one.txt", Body=b"one")


@pytest.mark.embedded_only("asks which operations are served")
def test_every_waiter_of_a_served_operation_has_its_cases(cloud: EmbeddedCloud) -> None:
    known = served(cloud.client("sagemaker", config=AS_IT_IS))
    expected = {name for name, operation in waiters().items() if operation in known}
    assert (set(GOOD), set(BAD)) == (expected, expected)


@pytest.mark.parametrize("name", GOOD)
def test_it_returns_when_all_went_well(
    name: str, workbench: Workbench, unique: Callable[[str], str], on_aws: bool
) -> None:
    case = unique("waiter")
    parameters = GOOD[name](workbench, case)
    wait(workbench, name, parameters, on_aws)
    tidy(workbench, case)


@pytest.mark.parametrize("name", BAD)
def test_it_raises_when_it_failed(
    name: str, workbench: Workbench, unique: Callable[[str], str], on_aws: bool, hurry: None
) -> None:
    case = unique("waiter")
    parameters = BAD[name](workbench, case)
    with pytest.raises(WaiterError, match="terminal failure state"):
        wait(workbench, name, parameters, on_aws)
    tidy(workbench, case)


def test_a_stopped_job_counts_as_ended_well(workbench: Workbench, unique: Callable[[str], str], on_aws: bool) -> None:
    name = unique("waiter")
    workbench.train(name, {"sleep": "600"})
    workbench.sagemaker.stop_training_job(TrainingJobName=name)
    wait(workbench, "TrainingJobCompletedOrStopped", {"TrainingJobName": name}, on_aws)
    assert workbench.ended_training(name)["TrainingJobStatus"] == "Stopped"


def wait(bench: Workbench, name: str, parameters: dict[str, str], on_aws: bool) -> None:
    waiter = bench.sagemaker.get_waiter(botocore.xform_name(name))
    waiter.wait(**parameters, WaiterConfig=ON_AWS if on_aws else HERE)


def tidy(bench: Workbench, name: str) -> None:
    """Endpoints cost while they exist."""
    with contextlib.suppress(ClientError):
        bench.sagemaker.delete_endpoint(EndpointName=name)
