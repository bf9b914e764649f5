"""Asynchronous inference: inputs and outputs in S3, and who is told of them.

Sources: InvokeEndpointAsync in the SageMaker Runtime API reference; AsyncInferenceConfig in the SageMaker API
reference; "Asynchronous inference" in the developer guide.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import SUFFICIENT, create_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def runtime(client: ClientFactory) -> Any:
    return client("sagemaker-runtime")


@pytest.fixture
def endpoint_of(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[Callable[..., str]]:
    """Makes an asynchronous endpoint from members of its output configuration and of its model."""
    made: list[str] = []

    def make(outputs: dict[str, Any] | None = None, **model: Any) -> str:
        name = unique("async")
        made.append(name)
        root = f"s3://{workbench.bucket}/{name}"
        output = {"S3OutputPath": f"{root}/out", "S3FailurePath": f"{root}/failed", **(outputs or {})}
        workbench.model(name, **model)
        workbench.endpoint_config(name, name, AsyncInferenceConfig={"OutputConfig": output})
        workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert workbench.settled_endpoint(name)["EndpointStatus"] == "InService"
        return name

    yield make
    for name in made:
        workbench.dismantle(name)


@pytest.fixture
def given(workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]) -> str:
    """The S3 URI of an input."""
    key = f"{unique('input')}/rows.csv"
    client("s3").put_object(Bucket=workbench.bucket, Key=key, Body=b"1,2")
    return f"s3://{workbench.bucket}/{key}"


def once_there(client: ClientFactory, uri: str) -> bytes:
    """The object of a URI once it exists."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return bytes(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError:
            assert time.monotonic() < deadline, f"{uri} was never written"
            time.sleep(0.1)


def test_the_answer_is_written_to_s3(
    runtime: Any, client: ClientFactory, endpoint_of: Callable[..., str], given: str
) -> None:
    """InvokeEndpointAsync answers InferenceId and OutputLocation before the model has answered."""
    name = endpoint_of()
    answer = runtime.invoke_endpoint_async(EndpointName=name, InputLocation=given, ContentType="text/csv")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["OutputLocation"].endswith(f"{name}/out/{answer['InferenceId']}.out")
    assert answer["FailureLocation"].endswith(f"{name}/failed/{answer['InferenceId']}-error.out")
    assert once_there(client, answer["OutputLocation"]) == b"1,2"


def test_the_caller_may_name_the_inference(runtime: Any, endpoint_of: Callable[..., str], given: str) -> None:
    """InvokeEndpointAsync: "SageMaker will generate an identifier for you if none is specified"."""
    answer = runtime.invoke_endpoint_async(EndpointName=endpoint_of(), InputLocation=given, InferenceId="mine")
    assert answer["InferenceId"] == "mine"


def test_a_failure_is_written_to_s3_too(
    runtime: Any, client: ClientFactory, endpoint_of: Callable[..., str], given: str
) -> None:
    """AsyncInferenceOutputConfig: S3FailurePath is "the location to upload failure inference responses to"."""
    answer = runtime.invoke_endpoint_async(
        EndpointName=endpoint_of(), InputLocation=given, CustomAttributes="status=500;text=out of luck"
    )
    assert b"out of luck" in once_there(client, answer["FailureLocation"])


def test_an_input_that_is_not_there_is_a_failure(
    runtime: Any, client: ClientFactory, endpoint_of: Callable[..., str], given: str
) -> None:
    answer = runtime.invoke_endpoint_async(EndpointName=endpoint_of(), InputLocation=f"{given}.absent")
    assert b"NoSuchKey" in once_there(client, answer["FailureLocation"])


def test_each_kind_of_endpoint_has_its_own_way_of_being_asked(
    runtime: Any, workbench: Workbench, endpoint_of: Callable[..., str], unique: Callable[[str], str], given: str
) -> None:
    """CreateEndpointConfig: AsyncInferenceConfig is "required" for InvokeEndpointAsync."""
    with pytest.raises(ClientError, match="does not support this inference type"):
        runtime.invoke_endpoint(EndpointName=endpoint_of(), Body=b"x")
    name = unique("real-time")
    workbench.endpoint(name)
    workbench.settled_endpoint(name)
    with pytest.raises(ClientError, match="does not support this inference type"):
        runtime.invoke_endpoint_async(EndpointName=name, InputLocation=given)
    workbench.dismantle(name)


@pytest.fixture
def outcomes(cloud: EmbeddedCloud, unique: Callable[[str], str]) -> Outcomes:
    return Outcomes(cloud, unique("outcomes"))


class Outcomes:
    """A topic, a role that may publish to it, and a queue that hears it."""

    def __init__(self, cloud: EmbeddedCloud, name: str) -> None:
        self._sqs = cloud.client("sqs")
        sns = cloud.client("sns")
        self.topic = str(sns.create_topic(Name=name)["TopicArn"])
        hears = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**hears, "Resource": "*"}]}
        self._queue = self._sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
        publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": self.topic}
        allowed = {**SUFFICIENT, "Statement": [*SUFFICIENT["Statement"], publish]}
        self.role = create_role(cloud.client("iam"), name, allowed)

    def heard(self) -> dict[str, Any]:
        """The one message that was published."""
        (message,) = self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=20)["Messages"]
        return dict(json.loads(json.loads(message["Body"])["Message"]))


@pytest.mark.embedded_only("makes a topic and a role")
@pytest.mark.parametrize("status", ["Completed", "Failed"])
def test_the_outcome_is_published(
    runtime: Any, outcomes: Outcomes, endpoint_of: Callable[..., str], given: str, status: str
) -> None:
    """AsyncInferenceNotificationConfig: SuccessTopic and ErrorTopic, published to with the execution role."""
    topics = {"SuccessTopic": outcomes.topic, "ErrorTopic": outcomes.topic}
    name = endpoint_of({"NotificationConfig": topics}, ExecutionRoleArn=outcomes.role)
    more = {"CustomAttributes": "status=400"} if status == "Failed" else {}
    runtime.invoke_endpoint_async(EndpointName=name, InputLocation=given, InferenceId="mine", **more)
    told = outcomes.heard()
    assert (told["invocationStatus"], told["inferenceId"]) == (status, "mine")
    assert told["requestParameters"]["inputLocation"] == given
