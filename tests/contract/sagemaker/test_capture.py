"""Data capture: files that appear in S3, written with the execution role's permissions.

Sources: DataCaptureConfig in the SageMaker API reference; "Data capture" in the developer guide.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.provision import SUFFICIENT, create_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

PATIENCE_SECONDS = 600
"""AWS collects captured data for minutes before it writes them."""


class Captured:
    """An endpoint that captures, and what it has captured."""

    def __init__(self, workbench: Workbench, client: ClientFactory, name: str) -> None:
        self.name = name
        self.prefix = f"{name}/capture"
        self._bench = workbench
        self._s3 = client("s3")
        self._runtime = client("sagemaker-runtime")

    def start(self, percentage: int = 100, modes: tuple[str, ...] = ("Input", "Output"), **model: Any) -> None:
        config = {
            "EnableCapture": True,
            "InitialSamplingPercentage": percentage,
            "DestinationS3Uri": f"s3://{self._bench.bucket}/{self.prefix}",
            "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        }
        self._bench.model(self.name, **model)
        self._bench.endpoint_config(self.name, self.name, DataCaptureConfig=config)
        self._bench.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=self.name)
        assert self._bench.settled_endpoint(self.name)["EndpointStatus"] == "InService"

    def invoke(self, body: bytes, content_type: str = "text/csv", **members: Any) -> None:
        self._runtime.invoke_endpoint(EndpointName=self.name, Body=body, ContentType=content_type, **members)

    def keys(self) -> list[str]:
        listed = self._s3.list_objects_v2(Bucket=self._bench.bucket, Prefix=self.prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def lines(self, count: int) -> list[dict[str, Any]]:
        """The captured lines, once there are so many."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        found: list[dict[str, Any]] = []
        while len(found) < count and time.monotonic() < deadline:
            time.sleep(0.1)
            bodies = [self._s3.get_object(Bucket=self._bench.bucket, Key=key)["Body"].read() for key in self.keys()]
            found = [json.loads(line) for body in bodies for line in body.splitlines()]
        assert len(found) == count
        return found

    def describe(self) -> dict[str, Any]:
        return dict(self._bench.sagemaker.describe_endpoint(EndpointName=self.name)["DataCaptureConfig"])


@pytest.fixture
def captured(workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]) -> Iterator[Captured]:
    captured = Captured(workbench, client, unique("captured"))
    yield captured
    workbench.dismantle(captured.name)


def test_invocations_are_kept_as_json_lines(captured: Captured) -> None:
    """Developer guide, "Capture data": eventVersion, eventMetadata and both sides, under the hour of the invocation."""
    captured.start()
    captured.invoke(b"1,2", CustomAttributes="attributes=x", InferenceId="mine")
    (line,) = captured.lines(1)
    assert line["eventVersion"] == "0"
    assert line["eventMetadata"]["inferenceId"] == "mine"
    assert {side: part["data"] for side, part in line["captureData"].items()} == {
        "endpointInput": "1,2",
        "endpointOutput": "1,2",
    }
    assert line["captureData"]["endpointInput"]["encoding"] == "CSV"
    (key,) = captured.keys()
    hour = r"\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
    assert re.fullmatch(rf"{captured.prefix}/{captured.name}/only/{hour}", key)


def test_other_types_are_kept_in_base64(captured: Captured) -> None:
    """CaptureContentTypeHeader: content types that are not listed are base64 encoded."""
    captured.start(modes=("Input",))
    captured.invoke(b"\x00\x01", content_type="application/octet-stream")
    (line,) = captured.lines(1)
    assert line["captureData"] == {
        "endpointInput": {
            "observedContentType": "application/octet-stream",
            "mode": "INPUT",
            "data": "AAE=",
            "encoding": "BASE64",
        }
    }


@pytest.mark.embedded_only("AWS samples at random")
def test_only_the_sampled_part_is_kept(captured: Captured) -> None:
    """DataCaptureConfig: InitialSamplingPercentage."""
    captured.start(percentage=25)
    for number in range(20):
        captured.invoke(str(number).encode())
    assert len(captured.lines(5)) == 5


def test_an_endpoint_says_what_it_captures(captured: Captured) -> None:
    """DescribeEndpoint: DataCaptureConfigSummary."""
    captured.start(percentage=40)
    described = captured.describe()
    assert (described["EnableCapture"], described["CaptureStatus"]) == (True, "Started")
    assert described["CurrentSamplingPercentage"] == 40
    assert described["DestinationS3Uri"].endswith(captured.prefix)


@pytest.mark.embedded_only("makes a role")
def test_a_role_that_may_not_write_loses_the_data_but_serves(
    captured: Captured, client: ClientFactory, cloud: EmbeddedCloud
) -> None:
    """Captured data are written as the execution role; invocations do not depend on it."""
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    policy = {**SUFFICIENT, "Statement": [*SUFFICIENT["Statement"], deny]}
    captured.start(ExecutionRoleArn=create_role(client("iam"), captured.name, policy))
    since = len(cloud.calls())
    captured.invoke(b"1,2")
    deadline = time.monotonic() + 60
    while not (refused := [c for c in cloud.calls()[since:] if c.action == "s3:PutObject"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert refused[0].status == 403
    assert captured.keys() == []


@pytest.mark.embedded_only("stops the cloud")
def test_nothing_that_was_captured_is_lost_when_the_cloud_goes_down(own_cloud: EmbeddedCloud) -> None:
    from tests.contract.provision import create_bucket, push_image
    from tests.contract.workbench import Workbench

    bench = Workbench(
        sagemaker=own_cloud.client("sagemaker"),
        role=create_role(own_cloud.client("iam"), "captured"),
        bucket=create_bucket(own_cloud.client("s3"), "captured"),
        image=push_image(own_cloud, "captured"),
    )
    Captured(bench, own_cloud.client, "captured").start()
    own_cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName="captured", Body=b"1", ContentType="text/csv")
    own_cloud.stop()
    own_cloud.start()
    listed = own_cloud.client("s3").list_objects_v2(Bucket="captured", Prefix="captured/capture")
    assert listed["KeyCount"] == 1
