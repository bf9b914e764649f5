"""Faults as clients feel them: boto3 against a cloud that has a bad day, in the protocol of each service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.cloud.fault_answers import answer
from agent.cloud.faults import REQUEST_FAULTS, Fault, FaultKind, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud

ONCE = Config(retries={"total_max_attempts": 1})
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5})
CALLS: dict[str, Callable[[Any], Any]] = {
    "sagemaker": lambda client: client.list_models(),
    "sts": lambda client: client.get_caller_identity(),
    "s3": lambda client: client.list_buckets(),
    "ssm": lambda client: client.describe_parameters(),
    "cloudwatch": lambda client: client.list_metrics(),
    "sagemaker-runtime": lambda client: client.invoke_endpoint(EndpointName="absent", Body=b""),
}
JSON, QUERY, S3, REST, BOTH = "sagemaker", "sts", "s3", "sagemaker-runtime", "cloudwatch"
"""One service of each protocol; CloudWatch has moved from the query protocol to JSON and CBOR."""


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def attempts(answer: dict[str, Any]) -> int:
    return 1 + int(answer["ResponseMetadata"]["RetryAttempts"])


@pytest.mark.parametrize(
    ("kind", "service", "code"),
    [
        ("throttling", JSON, "ThrottlingException"),
        ("throttling", QUERY, "Throttling"),
        ("throttling", S3, "SlowDown"),
        ("limit", JSON, "ResourceLimitExceeded"),
        ("limit", QUERY, "LimitExceeded"),
        ("limit", S3, "TooManyBuckets"),
        ("internal", JSON, "InternalFailure"),
        ("internal", QUERY, "InternalFailure"),
        ("internal", S3, "InternalError"),
        ("expired-token", JSON, "ExpiredTokenException"),
        ("expired-token", QUERY, "ExpiredToken"),
        ("expired-token", S3, "ExpiredToken"),
        ("expired-token", "ssm", "ExpiredTokenException"),
        ("throttling", REST, "ThrottlingException"),
        ("throttling", BOTH, "Throttling"),
        ("expired-token", BOTH, "ExpiredToken"),
    ],
)
def test_each_protocol_words_a_fault_in_its_own_way(cloud: EmbeddedCloud, kind: str, service: str, code: str) -> None:
    client = cloud.client(service, config=ONCE)
    cloud.fault(kind)
    assert code_of(lambda: CALLS[service](client)) == code


def test_a_fault_in_cbor_is_one_that_clients_read() -> None:
    answered = answer(Fault(kind=FaultKind.THROTTLING), "monitoring", {"smithy-protocol": "rpc-v2-cbor"}, "id")
    shape = botocore.session.get_session().get_service_model("cloudwatch").operation_model("ListMetrics").output_shape
    headers = {name.decode(): value.decode() for name, value in answered.headers}
    parsed = create_parser("smithy-rpc-v2-cbor").parse(
        {"status_code": answered.status, "headers": headers, "body": answered.body, "context": {}}, shape
    )
    assert parsed["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}


@pytest.mark.parametrize("service", [JSON, QUERY, S3])
@pytest.mark.parametrize("kind", ["throttling", "internal", "cut"])
def test_sdks_retry_what_aws_wants_retried(cloud: EmbeddedCloud, kind: str, service: str) -> None:
    client = cloud.client(service, config=PATIENT)
    cloud.fault(kind, count=2)
    assert attempts(CALLS[service](client)) == 3


@pytest.mark.parametrize("kind", ["limit", "expired-token"])
def test_sdks_do_not_retry_what_a_retry_cannot_mend(cloud: EmbeddedCloud, kind: str) -> None:
    cloud.fault(kind)
    with pytest.raises(ClientError) as refused:
        cloud.client(JSON, config=PATIENT).list_models()
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_a_throttled_client_gives_up_after_its_attempts(cloud: EmbeddedCloud) -> None:
    cloud.fault("throttling", count=10)
    client = cloud.client(JSON, config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    with pytest.raises(ClientError) as refused:
        client.list_models()
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 1


@pytest.mark.parametrize("service", [JSON, QUERY, S3])
def test_a_cut_connection_is_one_that_closes_without_an_answer(cloud: EmbeddedCloud, service: str) -> None:
    cloud.fault("cut")
    with pytest.raises(ConnectionClosedError):
        CALLS[service](cloud.client(service, config=ONCE))


def test_a_cut_connection_leaves_nothing_done(cloud: EmbeddedCloud) -> None:
    client = cloud.client(JSON, config=ONCE)
    cloud.fault("cut")
    with pytest.raises(ConnectionClosedError):
        client.create_model_package_group(ModelPackageGroupName="never")
    assert client.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_a_slow_answer_comes_after_its_delay(cloud: EmbeddedCloud) -> None:
    cloud.fault("slow", seconds=1)
    hasty = cloud.client(JSON, config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}))
    with pytest.raises(ReadTimeoutError):
        hasty.list_models()
    cloud.fault("slow", seconds=0.2)
    assert attempts(cloud.client(JSON, config=ONCE).list_models()) == 1


def test_a_fault_strikes_the_operations_it_names(cloud: EmbeddedCloud) -> None:
    client = cloud.client(JSON, config=ONCE)
    cloud.fault("throttling", operation="sagemaker:Create*")
    client.list_models()
    assert code_of(lambda: client.create_model_package_group(ModelPackageGroupName="g")) == "ThrottlingException"


def test_a_fault_strikes_the_account_it_names(cloud: EmbeddedCloud) -> None:
    cloud.fault("throttling", account="222222222222")
    cloud.client(JSON, "tools", config=ONCE).list_models()
    assert code_of(lambda: cloud.client(JSON, "qa", config=ONCE).list_models()) == "ThrottlingException"


def test_a_fault_is_gone_after_its_count(cloud: EmbeddedCloud) -> None:
    client = cloud.client(JSON, config=ONCE)
    cloud.fault("throttling", count=2)
    for _ in range(2):
        assert code_of(client.list_models) == "ThrottlingException"
    client.list_models()


def test_cleared_faults_strike_no_more(cloud: EmbeddedCloud) -> None:
    cloud.fault("throttling", count=100)
    cloud.clear_faults()
    cloud.client(JSON, config=ONCE).list_models()


def test_a_faulty_call_is_in_the_log_of_calls(cloud: EmbeddedCloud) -> None:
    cloud.fault("throttling")
    before = max((call.number for call in cloud.calls()), default=0)
    assert code_of(cloud.client(JSON, config=ONCE).list_models) == "ThrottlingException"
    assert [(call.action, call.status) for call in cloud.calls(since=before)] == [("sagemaker:ListModels", 400)]


@pytest.mark.parametrize("members", [{"count": 0}, {"seconds": -1}, {"colour": "red"}, {"kind": "earthquake"}])
def test_a_fault_that_makes_no_sense_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate({"kind": "slow", **members})


def test_the_first_of_several_faults_strikes_first() -> None:
    faults = Faults()
    faults.add(Fault(kind=FaultKind.INTERNAL))
    faults.add(Fault(kind=FaultKind.THROTTLING))
    struck = [faults.take(REQUEST_FAULTS, "sagemaker:ListModels", "1") for _ in range(3)]
    assert [fault.kind if fault else None for fault in struck] == [FaultKind.INTERNAL, FaultKind.THROTTLING, None]


def test_a_job_fault_never_strikes_a_request() -> None:
    faults = Faults()
    faults.add(Fault(kind=FaultKind.JOB_FAILURE))
    assert faults.take(REQUEST_FAULTS, "sagemaker:CreateTrainingJob", "1") is None
    assert faults.take({FaultKind.JOB_FAILURE}, "sagemaker:CreateTrainingJob", "1", "any") is not None


def test_removing_is_by_number_and_once() -> None:
    faults = Faults()
    first, second = (faults.add(Fault(kind=FaultKind.SLOW)) for _ in range(2))
    assert faults.remove(first)
    assert not faults.remove(first)
    assert list(faults.listed()) == [second]


@given(st.lists(st.integers(1, 4), max_size=5), st.integers(0, 20))
def test_faults_strike_exactly_as_often_as_they_count(counts: list[int], calls: int) -> None:
    faults = Faults()
    for count in counts:
        faults.add(Fault(kind=FaultKind.THROTTLING, count=count))
    struck = sum(faults.take(REQUEST_FAULTS, "a:b", "1") is not None for _ in range(calls))
    assert struck == min(calls, sum(counts))
    assert sum(fault.count for fault in faults.listed().values()) == sum(counts) - struck
