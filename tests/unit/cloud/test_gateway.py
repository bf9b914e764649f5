"""The cloud's door: what is no proper request is refused as AWS does, and every call is logged under its action."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.cloud.wire import LARGEST_REQUEST
from tests.unit.cloud.raw_request import RawRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.calls import CallRecord
    from agent.cloud.embedded import EmbeddedCloud

ONCE = Config(retries={"total_max_attempts": 1})
UNKNOWN = "UnknownOperationException"


def test_a_proper_request_is_answered(cloud: EmbeddedCloud) -> None:
    answer = RawRequest().send(cloud)
    assert (answer.status, answer.members) == (200, {"Models": []})


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (RawRequest(signed=False), 400, "MissingAuthenticationTokenException"),
        (RawRequest(secret="wrong"), 400, "InvalidSignatureException"),
        (RawRequest(spoil={"X-Amz-Date": "20200101T000000Z"}), 400, "InvalidSignatureException"),
        (RawRequest(spoil={"X-Amz-Target": "SageMaker.ListEndpoints"}), 400, "InvalidSignatureException"),
        (RawRequest(target="SageMaker.MakeCoffee"), 400, UNKNOWN),
        (RawRequest(target="SageMaker."), 400, UNKNOWN),
        (RawRequest(target="ListModels"), 400, UNKNOWN),
        (RawRequest(target="DynamoDB_20120810.ListModels"), 400, UNKNOWN),
        (RawRequest(target=None), 400, UNKNOWN),
        (RawRequest(content_type="text/plain"), 400, UNKNOWN),
        (RawRequest(content_type="application/x-www-form-urlencoded"), 400, UNKNOWN),
        (RawRequest(content_type=None), 400, UNKNOWN),
        (RawRequest(method="GET", body=b""), 400, UNKNOWN),
        (RawRequest(method="PUT"), 400, UNKNOWN),
        (RawRequest(body=b"{"), 400, "SerializationException"),
        (RawRequest(body=b"[]"), 400, "SerializationException"),
        (RawRequest(body=b"null"), 400, "SerializationException"),
        (RawRequest(body=b"\xff\xfe\x00"), 400, "SerializationException"),
        (RawRequest(body=b"[" * 100_000), 400, "SerializationException"),
        (RawRequest(body=b'{"MaxResults": "ten"}'), 400, "SerializationException"),
        (RawRequest(body=b'{"MaxResults": ' + b"9" * 5000 + b"}"), 400, "SerializationException"),
        (RawRequest(body=b'{"NameContains": "\\ud800"}'), 400, "SerializationException"),
        (RawRequest(body=b'{"CreationTimeAfter": NaN}'), 400, "SerializationException"),
        (RawRequest(body=b'{"CreationTimeAfter": 1e300}'), 400, "SerializationException"),
        (RawRequest(body=b'{"MaxResults": 0}'), 400, "ValidationException"),
        (RawRequest(body=b'{"NextToken": "AAAA"}'), 400, "ValidationException"),
        (RawRequest(body=b" " * (LARGEST_REQUEST + 1)), 413, "RequestEntityTooLargeException"),
    ],
    ids=lambda value: "" if isinstance(value, (int, str)) else None,
)
def test_an_improper_request_is_refused_as_aws_does(
    cloud: EmbeddedCloud, request_: RawRequest, status: int, code: str
) -> None:
    answer = request_.send(cloud)
    assert (answer.status, answer.code) == (status, code)
    assert answer.members["message"]


@pytest.mark.parametrize("body", [b'{"Unknown": 1}', b'{"NameContains": null}', b'{"Unknown": {"Models": []}}'])
def test_unknown_and_null_members_are_ignored_as_aws_does(cloud: EmbeddedCloud, body: bytes) -> None:
    assert RawRequest(body=body).send(cloud).status == 200


def test_unknown_members_are_not_kept(cloud: EmbeddedCloud) -> None:
    name = {"ModelPackageGroupName": "known-members"}
    body = json.dumps(name | {"Unknown": 1, "Tags": [{"Key": "k", "Value": "v", "Unknown": 2}]}).encode()
    assert RawRequest(target="SageMaker.CreateModelPackageGroup", body=body).send(cloud).status == 200
    described = RawRequest(target="SageMaker.DescribeModelPackageGroup", body=json.dumps(name).encode()).send(cloud)
    assert "Unknown" not in json.dumps(described.members)


SPOILED = st.fixed_dictionaries(
    {
        "target": st.none() | st.sampled_from(["SageMaker.ListModels", "SageMaker.AddTags", ".", "SageMaker", "a.b.c"]),
        "method": st.sampled_from(["POST", "GET", "PUT", "DELETE"]),
        "content_type": st.none() | st.sampled_from(["application/x-amz-json-1.1", "text/xml", "application/json; x"]),
        "body": st.binary(max_size=40) | st.sampled_from([b"{}", b'{"ResourceArn": ":::::"}', b'{"Tags": {}}']),
        "path": st.sampled_from(["/", "/endpoints", "/x?y=%zz", "//", "/%00"]),
        "signed": st.booleans(),
    }
)


def test_no_request_makes_the_door_fail(shared_cloud: EmbeddedCloud) -> None:
    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(SPOILED)
    def holds(members: dict[str, Any]) -> None:
        assert RawRequest(**members).status_only(shared_cloud) < 500

    holds()


def logged(cloud: EmbeddedCloud, act: Callable[[], object]) -> list[CallRecord]:
    before = max((call.number for call in cloud.calls()), default=0)
    act()
    return cloud.calls(since=before)


@pytest.mark.parametrize(
    ("service", "operation", "members", "action"),
    [
        ("sagemaker", "list_models", {}, "sagemaker:ListModels"),
        ("ssm", "get_parameter", {"Name": "absent"}, "ssm:GetParameter"),
        ("kms", "list_keys", {}, "kms:ListKeys"),
        ("sts", "get_caller_identity", {}, "sts:GetCallerIdentity"),
        ("iam", "list_roles", {}, "iam:ListRoles"),
        ("cloudformation", "list_stacks", {}, "cloudformation:ListStacks"),
        ("s3", "list_buckets", {}, "s3:ListAllMyBuckets"),
        ("s3", "get_object", {"Bucket": "absent", "Key": "x"}, "s3:GetObject"),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "absent", "Body": b""}, "sagemaker:InvokeEndpoint"),
    ],
    ids=lambda value: value if isinstance(value, str) and ":" in value else "",
)
def test_calls_are_logged_by_the_name_that_policies_use(
    cloud: EmbeddedCloud, service: str, operation: str, members: dict[str, Any], action: str
) -> None:
    client = cloud.client(service, "qa", config=ONCE)

    def act() -> None:
        with contextlib.suppress(ClientError):
            getattr(client, operation)(**members)

    (call,) = logged(cloud, act)
    administrator = cloud.running.administrator("qa")
    assert (call.action, call.account) == (action, "222222222222")
    assert call.access_key_id == administrator.access_key_id
    assert 200 <= call.status < 500


def test_a_refused_call_is_logged_with_its_status(cloud: EmbeddedCloud) -> None:
    (call,) = logged(cloud, lambda: RawRequest(target="SageMaker.MakeCoffee").send(cloud))
    assert (call.action, call.status) == ("sagemaker:MakeCoffee", 400)


def test_the_log_of_calls_grows_by_one_number_a_call(cloud: EmbeddedCloud) -> None:
    calls = logged(cloud, lambda: [RawRequest().send(cloud) for _ in range(3)])
    first = calls[0].number
    assert [call.number for call in calls] == [first, first + 1, first + 2]
    assert sorted(call.time for call in calls) == [call.time for call in calls]


@pytest.mark.parametrize("path", ["/_modelyard/status", "/_modelyard/reset", "/_modelyard/"])
def test_the_control_interface_asks_for_the_token(cloud: EmbeddedCloud, path: str) -> None:
    assert RawRequest(path=path).send(cloud).status == 403


def test_the_control_interface_is_no_call_to_aws(cloud: EmbeddedCloud) -> None:
    assert logged(cloud, cloud.status) == []
