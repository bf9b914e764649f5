"""Updates of an endpoint: traffic that really shifts, alarms that take it back, and what is kept.

Sources: UpdateEndpoint and DeploymentConfig in the SageMaker API reference; "Deployment guardrails for updating models
in production" in the developer guide.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import SUFFICIENT, create_bucket, create_role, push_image
from tests.contract.workbench import INSTANCE, Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def bench(workbench: Workbench, client: ClientFactory, on_aws: bool) -> Workbench:
    """The workbench with an execution role that may look at alarms, as guardrails need it."""
    if on_aws:
        return workbench
    look = {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"}
    policy = {**SUFFICIENT, "Statement": [*SUFFICIENT["Statement"], look]}
    return replace(workbench, role=create_role(client("iam"), "guarded-execution", policy))


@pytest.fixture
def site(bench: Workbench, client: ClientFactory, unique: Callable[[str], str]) -> Iterator[Site]:
    """An endpoint that answers ``old``."""
    site = Site(bench, client("sagemaker-runtime"), unique("site"))
    yield site
    site.clear()


class Site:
    """An endpoint with configurations whose models answer with the configuration's word."""

    def __init__(self, workbench: Workbench, runtime: Any, name: str) -> None:
        self.bench = workbench
        self.sagemaker = workbench.sagemaker
        self.name = name
        self._runtime = runtime
        self._made: list[str] = []
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config("old"))
        assert self.settled()["EndpointStatus"] == "InService"

    def config(self, word: str, count: int = 2, orders: dict[str, str] | None = None, **members: Any) -> str:
        """A configuration whose container answers ``word``; its name."""
        name = f"{self.name}-{word}"
        self.bench.model(name, {"answer": word, **(orders or {})})
        variant = {"VariantName": "only", "ModelName": name, "InstanceType": INSTANCE, "InitialInstanceCount": count}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{**variant, **members}])
        self._made.append(name)
        return name

    def update(self, config: str, deployment: dict[str, Any] | None = None, **members: Any) -> None:
        """Start an update."""
        request = {"EndpointName": self.name, "EndpointConfigName": config, **members}
        self.sagemaker.update_endpoint(**request | ({"DeploymentConfig": deployment} if deployment else {}))

    def describe(self) -> dict[str, Any]:
        return dict(self.sagemaker.describe_endpoint(EndpointName=self.name))

    def settled(self) -> dict[str, Any]:
        return self.bench.settled_endpoint(self.name)

    def answers(self, count: int) -> Counter[str]:
        """What so many invocations answer."""
        bodies = (self._runtime.invoke_endpoint(EndpointName=self.name, Body=b"x")["Body"] for _ in range(count))
        return Counter(body.read().decode() for body in bodies)

    def await_stage(self, status: str) -> dict[str, Any]:
        """The description once the new fleet is in that stage."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            described = self.describe()
            variants = described.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
            if any(stage["Status"] == status for v in variants for stage in v.get("VariantStatus", [])):
                return described
            time.sleep(0.02)
        raise AssertionError(f"the new fleet was never {status}: {self.describe()}")

    def clear(self) -> None:
        self.settled()
        self.sagemaker.delete_endpoint(EndpointName=self.name)
        for name in self._made:
            self.sagemaker.delete_endpoint_config(EndpointConfigName=name)
            self.sagemaker.delete_model(ModelName=name)


def canary(wait: int = 300, **policy: Any) -> dict[str, Any]:
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        "WaitIntervalInSeconds": wait,
    }
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **policy}}


def linear(wait: int = 300) -> dict[str, Any]:
    routing = {
        "Type": "LINEAR",
        "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": wait,
    }
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


# --- without guardrails --------------------------------------------------------------------------------------------


def test_an_update_replaces_the_configuration(site: Site) -> None:
    """UpdateEndpoint: Updating, then InService; DescribeEndpoint names the configuration that is live."""
    old = site.describe()["EndpointConfigName"]
    new = site.config("new")
    site.update(new)
    during = site.describe()
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", old)
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == new
    after = site.settled()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", new)
    assert "PendingDeploymentSummary" not in after
    assert site.answers(4) == {"new": 4}


def test_no_invocation_fails_while_an_endpoint_is_updated(site: Site) -> None:
    """UpdateEndpoint: "there is no availability loss"."""
    seen: Counter[str] = Counter()
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            seen.update(site.answers(1))

    caller = threading.Thread(target=call)
    caller.start()
    try:
        site.update(site.config("new"))
        site.settled()
        seen.update(site.answers(1))
    finally:
        done.set()
        caller.join()
    assert set(seen) == {"old", "new"}


@pytest.mark.embedded_only("makes time pass quickly")
def test_an_update_that_fails_rolls_back_silently(site: Site, cloud: EmbeddedCloud) -> None:
    """The endpoint is InService again with its old configuration; only that and FailureReason tell of the failure."""
    old = site.describe()["EndpointConfigName"]
    cloud.set_clock_rate(480)
    site.update(site.config("new", orders={"ping-status": "500"}))
    after = site.settled()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", old)
    assert "did not pass the ping health check" in after["FailureReason"]
    assert site.answers(2) == {"old": 2}


@pytest.mark.embedded_only("asks for a fault")
@pytest.mark.parametrize("kind", ["unhealthy", "capacity"])
def test_an_update_can_be_made_to_fail(site: Site, cloud: EmbeddedCloud, kind: str) -> None:
    old = site.describe()["EndpointConfigName"]
    cloud.set_clock_rate(480)
    cloud.fault(kind, operation="sagemaker:UpdateEndpoint", resource=site.name)
    site.update(site.config("new"))
    after = site.settled()
    assert (after["EndpointConfigName"], bool(after["FailureReason"])) == (old, True)
    site.update(f"{site.name}-new")
    again = site.settled()
    assert again["EndpointConfigName"] == f"{site.name}-new"
    assert "FailureReason" not in again


# --- traffic -------------------------------------------------------------------------------------------------------


@pytest.mark.embedded_only("lets minutes pass")
def test_a_canary_gets_its_part_then_everything(site: Site, advance: Callable[[float], None]) -> None:
    """Developer guide, "Canary traffic shifting": a small portion, the rest after baking, the old fleet ends last."""
    site.update(site.config("new"), canary(wait=300, TerminationWaitInSeconds=120))
    site.await_stage("Baking")
    assert site.answers(20) == {"old": 18, "new": 2}
    advance(301)
    assert site.answers(10) == {"new": 10}
    assert site.describe()["EndpointStatus"] == "Updating"
    advance(301)
    assert site.describe()["EndpointStatus"] == "Updating"
    advance(121)
    after = site.settled()
    assert after["EndpointConfigName"] == f"{site.name}-new"
    assert after["LastDeploymentConfig"] == canary(wait=300, TerminationWaitInSeconds=120)


@pytest.mark.embedded_only("lets minutes pass")
def test_linear_shifting_goes_step_by_step(site: Site, advance: Callable[[float], None]) -> None:
    """Developer guide, "Linear traffic shifting": equal steps with a baking period after each."""
    site.update(site.config("new"), linear(wait=60))
    site.await_stage("Baking")
    assert site.answers(10) == {"old": 5, "new": 5}
    advance(61)
    assert site.answers(10) == {"new": 10}
    advance(61)
    assert site.settled()["EndpointConfigName"] == f"{site.name}-new"


@pytest.mark.embedded_only("lets minutes pass")
def test_a_rolling_update_replaces_instances_batch_by_batch(site: Site, advance: Callable[[float], None]) -> None:
    """Developer guide, "Rolling deployments": the new fleet grows by a batch while the old one shrinks by it."""
    batch = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 60}
    site.update(site.config("new"), {"RollingUpdatePolicy": batch})
    during = site.await_stage("Baking")
    assert during["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert during["PendingDeploymentSummary"]["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert site.answers(10) == {"old": 5, "new": 5}
    advance(61)
    advance(61)
    assert site.settled()["EndpointConfigName"] == f"{site.name}-new"


@pytest.mark.embedded_only("lets an hour pass at once")
def test_a_leap_in_time_passes_every_step(site: Site, advance: Callable[[float], None]) -> None:
    site.update(site.config("new"), canary(wait=300))
    site.await_stage("Baking")
    advance(3600)
    assert site.settled()["EndpointConfigName"] == f"{site.name}-new"


# --- alarms --------------------------------------------------------------------------------------------------------


@pytest.fixture
def alarm(client: ClientFactory, site: Site) -> Iterator[str]:
    """An alarm that goes off at the first client error of the endpoint within a minute."""
    cloudwatch = client("cloudwatch")
    name = f"{site.name}-errors"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation4XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": site.name}, {"Name": "VariantName", "Value": "only"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
    )
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


def watched(deployment: dict[str, Any], alarm: str) -> dict[str, Any]:
    return {**deployment, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}}


@pytest.mark.embedded_only("lets minutes pass")
def test_errors_of_a_canary_trip_the_alarm_and_take_it_back(
    site: Site, alarm: str, advance: Callable[[float], None]
) -> None:
    """Developer guide, "Auto-rollback configuration and monitoring": an alarm while baking rolls back all."""
    old = site.describe()["EndpointConfigName"]
    site.update(site.config("new", orders={"status": "400"}), watched(canary(wait=600), alarm))
    site.await_stage("Baking")
    with pytest.raises(ClientError, match="ModelError"):
        site.answers(10)
    advance(3600)
    after = site.settled()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", old)
    assert alarm in after["FailureReason"]
    assert site.answers(20) == {"old": 20}


@pytest.mark.embedded_only("lets minutes pass")
def test_an_alarm_that_stays_calm_lets_the_deployment_pass(
    site: Site, alarm: str, advance: Callable[[float], None]
) -> None:
    site.update(site.config("new"), watched(canary(wait=300), alarm))
    site.await_stage("Baking")
    site.answers(10)
    advance(700)
    assert site.settled()["EndpointConfigName"] == f"{site.name}-new"


@pytest.mark.embedded_only("lets minutes pass")
def test_an_alarm_set_by_hand_counts_too(
    site: Site, alarm: str, client: ClientFactory, advance: Callable[[float], None]
) -> None:
    """SetAlarmState "temporarily sets the state of an alarm for testing purposes"."""
    site.update(site.config("new"), watched(linear(), alarm))
    site.await_stage("Baking")
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a drill")
    advance(15)
    assert alarm in site.settled()["FailureReason"]
    assert site.answers(4) == {"old": 4}


@pytest.mark.embedded_only("makes a role")
def test_the_execution_role_must_be_allowed_to_look_at_the_alarms(
    site: Site, alarm: str, workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """Developer guide: the role needs "permission to perform the cloudwatch:DescribeAlarms action"."""
    site.bench = replace(workbench, role=create_role(client("iam"), unique("blind")))
    with pytest.raises(ClientError, match="cloudwatch:DescribeAlarms"):
        site.update(site.config("new"), watched(canary(), alarm))


def test_alarms_must_exist(site: Site) -> None:
    """Alarm: AlarmName is "the name of a CloudWatch alarm in your account"."""
    with pytest.raises(ClientError, match="Could not find"):
        site.update(site.config("new"), watched(canary(), "no-such-alarm"))


# --- what is kept --------------------------------------------------------------------------------------------------


def scaled(site: Site, count: int, weight: float) -> None:
    site.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=site.name,
        DesiredWeightsAndCapacities=[{"VariantName": "only", "DesiredInstanceCount": count, "DesiredWeight": weight}],
    )
    site.settled()


@pytest.mark.parametrize(
    ("members", "count", "weight"),
    [
        ({}, 2, 1.0),
        ({"RetainAllVariantProperties": True}, 5, 0.5),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredInstanceCount"}],
            },
            2,
            0.5,
        ),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
            5,
            1.0,
        ),
    ],
    ids=["nothing", "everything", "all-but-counts", "all-but-weights"],
)
def test_an_update_keeps_the_variant_properties_that_it_is_told_to(
    site: Site, members: dict[str, Any], count: int, weight: float
) -> None:
    """UpdateEndpoint: RetainAllVariantProperties and ExcludeRetainedVariantProperties; by default nothing is kept."""
    scaled(site, count=5, weight=0.5)
    site.update(site.config("new"), **members)
    (variant,) = site.settled()["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (count, weight)


@pytest.mark.embedded_only("lets minutes pass")
def test_the_last_deployment_configuration_can_be_used_again(site: Site, advance: Callable[[float], None]) -> None:
    """UpdateEndpoint: RetainDeploymentConfig; without it an update shifts everything at once."""
    site.update(site.config("second"), canary(wait=60))
    site.await_stage("Baking")
    advance(200)
    site.settled()
    site.update(site.config("third"), RetainDeploymentConfig=True)
    site.await_stage("Baking")
    assert site.answers(10) == {"second": 9, "third": 1}
    advance(200)
    assert site.settled()["LastDeploymentConfig"] == canary(wait=60)


def test_two_update_policies_are_one_too_many(site: Site) -> None:
    """DeploymentConfig: "Only one update policy should be used"."""
    batch = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 60}
    with pytest.raises(ClientError, match="ValidationException"):
        site.update(site.config("new"), {**canary(), "RollingUpdatePolicy": batch})


# --- restarts ------------------------------------------------------------------------------------------------------


@pytest.mark.embedded_only("kills the cloud")
def test_a_canary_goes_on_after_a_crash(own_cloud: EmbeddedCloud) -> None:
    """What was shifted stays shifted, and the deployment ends as it would have."""
    role, image = create_role(own_cloud.client("iam"), "crash"), push_image(own_cloud, "crash")
    bucket = create_bucket(own_cloud.client("s3"), "crash")
    own_cloud.stop()  # a crash loses roles and repositories that were made since the last orderly end
    own_cloud.start()

    def bench() -> Workbench:
        return Workbench(sagemaker=own_cloud.client("sagemaker"), role=role, bucket=bucket, image=image)

    site = Site(bench(), own_cloud.client("sagemaker-runtime"), "crash")
    site.update(site.config("new"), canary(wait=300))
    site.await_stage("Baking")
    own_cloud.kill()
    own_cloud.start()
    site.bench, site.sagemaker = bench(), own_cloud.client("sagemaker")
    site._runtime = own_cloud.client("sagemaker-runtime")
    site.await_stage("Baking")
    assert set(site.answers(10)) <= {"old", "new"}
    own_cloud.advance(3600)
    assert site.settled()["EndpointConfigName"] == "crash-new"
