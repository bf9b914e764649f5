"""Endpoints, their alarms and their scaling on a cloud that serves: what is there already or no longer is no error."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from agent.aws.endpoints import SageMakerEndpoints
from agent.aws.entering import Origin, Way
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError, TemporaryError, UserCodeFailedError
from agent.ports.endpoints import EndpointState, ScalingState
from tests.contract.provision import SUFFICIENT, create_role, push_image

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = "111111111111"
INSTANCE = "ml.m5.large"
PLACE = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def clients(cloud: EmbeddedCloud) -> Clients:
    administrator = cloud.running.administrator("tools")
    return Clients(
        credentials=Credentials(
            access_key_id=administrator.access_key_id, secret_access_key=administrator.secret_access_key
        ),
        region=cloud.running.region,
        endpoint_url=cloud.endpoint,
        attempts=2,
    )


@pytest.fixture
def endpoints(cloud: EmbeddedCloud, clients: Clients) -> Iterator[SageMakerEndpoints]:
    yield SageMakerEndpoints(clients, TOOLS)
    cloud.clear_faults()


@pytest.fixture(scope="module")
def container(cloud: EmbeddedCloud) -> dict[str, Any]:
    """A model's image and role."""
    look = {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"}
    policy = {**SUFFICIENT, "Statement": [*SUFFICIENT["Statement"], look]}
    role = create_role(cloud.client("iam"), "endpoints", policy)
    return {"PrimaryContainer": {"Image": push_image(cloud, "endpoints")}, "ExecutionRoleArn": role}


@pytest.fixture(scope="module")
def live(clients: Clients, container: dict[str, Any]) -> EndpointState:
    """An endpoint in service, which tests leave as it is."""
    return made(SageMakerEndpoints(clients, TOOLS), container, "live")


def made(endpoints: SageMakerEndpoints, container: dict[str, Any], word: str, **orders: str) -> EndpointState:
    """A new endpoint with model and configuration of the same name."""
    name = f"{word}-{uuid4().hex[:8]}"
    configured(endpoints, container, name, **orders)
    assert endpoints.create({"EndpointName": name, "EndpointConfigName": name})
    return settled(endpoints, name)


def configured(endpoints: SageMakerEndpoints, container: dict[str, Any], name: str, **orders: str) -> None:
    environment = {f"DO_{order.upper()}": value for order, value in orders.items()}
    model = {**container, "PrimaryContainer": {**container["PrimaryContainer"], "Environment": environment}}
    assert endpoints.create_model({"ModelName": name, **model})
    assert endpoints.create_config(config(name))


def config(name: str) -> dict[str, Any]:
    variant = {"VariantName": "main", "ModelName": name, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


def settled(endpoints: SageMakerEndpoints, name: str) -> EndpointState:
    deadline = time.monotonic() + 60
    while (state := endpoints.describe(name)) is None or not state.steady:
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


# --- models, configurations, endpoints -----------------------------------------------------------------------------


def test_an_endpoint_is_seen_as_it_is(
    endpoints: SageMakerEndpoints, live: EndpointState, container: dict[str, Any]
) -> None:
    assert (live.status, live.config, live.target, live.failure_reason) == ("InService", live.name, live.name, "")
    assert live.images == {"main": container["PrimaryContainer"]["Image"]}
    assert live.desired_instances == {"main": 1}
    assert live.changing_since is not None
    assert live.arn.endswith(f":endpoint/{live.name}")


def test_an_update_is_seen_with_what_it_goes_towards(endpoints: SageMakerEndpoints, container: dict[str, Any]) -> None:
    old = made(endpoints, container, "update")
    configured(endpoints, container, f"{old.name}-new")
    assert endpoints.update({"EndpointName": old.name, "EndpointConfigName": f"{old.name}-new"})
    during = endpoints.describe(old.name)
    assert during is not None
    assert (during.status, during.config, during.target) == ("Updating", old.name, f"{old.name}-new")
    assert not endpoints.update({"EndpointName": old.name, "EndpointConfigName": old.name})
    assert settled(endpoints, old.name).config == f"{old.name}-new"


def test_what_changes_is_not_deleted_unless_it_goes_already(
    endpoints: SageMakerEndpoints, container: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SageMaker says the same of both."""
    old = made(endpoints, container, "going")
    configured(endpoints, container, f"{old.name}-new")
    endpoints.update({"EndpointName": old.name, "EndpointConfigName": f"{old.name}-new"})
    with pytest.raises(CloudFailedError, match="in-progress"):
        endpoints.delete(old.name)
    with monkeypatch.context() as patch:
        patch.setattr(endpoints, "describe", lambda _name: replace(old, status="Deleting"))
        endpoints.delete(old.name)
    settled(endpoints, old.name)


def test_what_does_not_exist_is_nothing(endpoints: SageMakerEndpoints) -> None:
    assert endpoints.describe("no-such") is None
    assert endpoints.describe_config("no-such") is None
    assert endpoints.describe_model("no-such") is None
    endpoints.delete("no-such")
    endpoints.delete_config("no-such")
    endpoints.delete_model("no-such")


def test_what_exists_already_is_not_made_again(
    endpoints: SageMakerEndpoints, live: EndpointState, container: dict[str, Any]
) -> None:
    assert not endpoints.create_model({"ModelName": live.name, **container})
    assert not endpoints.create_config(config(live.name))
    assert not endpoints.create({"EndpointName": live.name, "EndpointConfigName": live.name})
    found = endpoints.describe_model(live.name)
    assert found is not None
    assert found["ExecutionRoleArn"] == container["ExecutionRoleArn"]


def test_endpoints_are_found_by_what_their_names_begin_with(endpoints: SageMakerEndpoints, live: EndpointState) -> None:
    assert live.name in list(endpoints.names(live.name[:-1]))
    assert list(endpoints.names(f"{live.name}-more")) == []


def test_tags_are_added_and_replaced(endpoints: SageMakerEndpoints, live: EndpointState) -> None:
    for value in ("soon", "later"):
        tags = [{"Key": "modelyard:expires", "Value": value}, {"Key": value, "Value": ""}]
        endpoints.add_tags({"ResourceArn": live.arn, "Tags": tags})
    found = endpoints.tags(live.arn)
    assert found["modelyard:expires"] == "later"
    assert {"soon", "later"} <= found.keys()
    assert endpoints.tags(f"{live.arn}-gone") == {}


def test_what_starts_with_a_prefix_is_listed(endpoints: SageMakerEndpoints, container: dict[str, Any]) -> None:
    word = f"w{uuid4().hex[:8]}"
    for name in (f"{word}-a", f"{word}-b", f"other-{word}-c"):
        configured(endpoints, container, name)
    assert sorted(endpoints.configs(f"{word}-")) == [f"{word}-a", f"{word}-b"]
    assert sorted(endpoints.models(f"{word}-")) == [f"{word}-a", f"{word}-b"]
    endpoints.delete_config(f"{word}-a")
    endpoints.delete_model(f"{word}-b")
    assert list(endpoints.configs(f"{word}-")) == [f"{word}-b"]
    assert list(endpoints.models(f"{word}-")) == [f"{word}-a"]


def test_a_refusal_says_what_was_asked_of_whom(endpoints: SageMakerEndpoints) -> None:
    with pytest.raises(CloudFailedError, match=rf"CreateEndpoint on nothing in account {TOOLS}.*Could not find"):
        endpoints.create({"EndpointName": "nothing", "EndpointConfigName": "no-such-config"})


def test_throttling_that_lasts_is_temporary(cloud: EmbeddedCloud, endpoints: SageMakerEndpoints) -> None:
    cloud.fault("throttling", operation="sagemaker:DescribeEndpoint", count=10)
    with pytest.raises(TemporaryError, match="DescribeEndpoint"):
        endpoints.describe("any")


def test_a_role_that_does_not_admit_us_is_told(cloud: EmbeddedCloud, clients: Clients) -> None:
    role = f"arn:aws:iam::{TOOLS}:role/no-such-role"
    outside = clients.assume(Way(role=role), started=Origin(session_name="test"), region=cloud.running.region)
    with pytest.raises(AccessDeniedError):
        SageMakerEndpoints(outside, TOOLS).describe("any")


# --- invocations and logs ------------------------------------------------------------------------------------------


def test_an_answer_is_the_model_s(endpoints: SageMakerEndpoints, live: EndpointState) -> None:
    answer = endpoints.invoke(live.name, b"1,2\n", content_type="text/csv", accept="text/csv")
    assert (answer.body, answer.content_type, answer.variant) == (b"1,2\n", "text/csv", "main")


def test_an_answer_that_is_an_error_is_the_model_s_fault(
    endpoints: SageMakerEndpoints, container: dict[str, Any]
) -> None:
    refusing = made(endpoints, container, "refuse", status="415", answer="only text/csv")
    with pytest.raises(UserCodeFailedError, match="answered 415: only text/csv"):
        endpoints.invoke(refusing.name, b"x", content_type="image/png")


def test_an_endpoint_that_is_not_there_cannot_be_asked(endpoints: SageMakerEndpoints) -> None:
    with pytest.raises(InputMissingError, match="no-such-endpoint"):
        endpoints.invoke("no-such-endpoint", b"x", content_type="text/csv")


def test_the_last_lines_are_those_of_containers_that_started_since(
    endpoints: SageMakerEndpoints, container: dict[str, Any]
) -> None:
    old = made(endpoints, container, "lines", print="first\nsecond\nthird")
    assert list(await_lines(endpoints, old.name, 2)) == ["second", "third"]
    assert endpoints.last_lines(old.name, 2, since=datetime.now(UTC) + timedelta(hours=1)) == ()
    assert endpoints.last_lines("no-such", 2) == ()


def await_lines(endpoints: SageMakerEndpoints, name: str, count: int) -> tuple[str, ...]:
    deadline = time.monotonic() + 60
    while len(lines := tuple(endpoints.last_lines(name, count))) < count:
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)
    return lines


# --- alarms and scaling --------------------------------------------------------------------------------------------


def alarm(name: str) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def test_alarms_that_went_off_are_known(cloud: EmbeddedCloud, endpoints: SageMakerEndpoints) -> None:
    for name in ("calm", "loud"):
        endpoints.put_alarm(alarm(name))
    cloud.client("cloudwatch").set_alarm_state(AlarmName="loud", StateValue="ALARM", StateReason="a drill")
    assert endpoints.firing(["calm", "loud", "none"]) == ("loud",)
    assert endpoints.firing([]) == ()
    endpoints.delete_alarms(["calm", "loud", "none"])
    assert endpoints.firing(["calm", "loud"]) == ()


def test_scaling_is_registered_seen_and_ended(endpoints: SageMakerEndpoints, live: EndpointState) -> None:
    resource = f"endpoint/{live.name}/variant/main"
    place = {**PLACE, "ResourceId": resource}
    tracking = {
        "TargetValue": 100.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
    }
    assert endpoints.scaling(resource) is None
    endpoints.register_scaling({**place, "MinCapacity": 1, "MaxCapacity": 4})
    assert endpoints.scaling(resource) == ScalingState(min_count=1, max_count=4)
    endpoints.put_scaling_policy(
        {
            **place,
            "PolicyName": "ours",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": tracking,
        }
    )
    assert endpoints.scaling(resource) == ScalingState(min_count=1, max_count=4, policies={"ours": tracking})
    endpoints.deregister_scaling(place)
    endpoints.deregister_scaling(place)
    assert endpoints.scaling(resource) is None
