"""Scaling that really happens: from invocations to alarms to instances, on the cloud's clock.

Sources: "Target tracking scaling policies", "Step scaling policies" and "Scheduled scaling" in the Application Auto
Scaling user guide; "Automatic scaling of Amazon SageMaker AI models" in the SageMaker developer guide.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

pytestmark = pytest.mark.embedded_only("lets minutes pass")


class Scaled:
    """An endpoint whose variant is scaled between 1 and 6 instances."""

    def __init__(self, workbench: Workbench, client: ClientFactory, cloud: EmbeddedCloud, name: str) -> None:
        self.name = name
        self.cloud = cloud
        self.scaling = client("application-autoscaling")
        self.cloudwatch = client("cloudwatch")
        self.place = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{name}/variant/only",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        self._bench = workbench
        self._runtime = client("sagemaker-runtime")
        workbench.endpoint(name)
        assert workbench.settled_endpoint(name)["EndpointStatus"] == "InService"
        self.scaling.register_scalable_target(**self.place, MinCapacity=1, MaxCapacity=6)

    def track(self, target: float, **more: Any) -> None:
        """Scale by invocations per instance and minute."""
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        configuration = {"TargetValue": target, "PredefinedMetricSpecification": metric, **more}
        self.scaling.put_scaling_policy(
            **self.place,
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )

    def busy(self, minutes: int, invocations: int) -> None:
        """Let minutes pass with so many invocations in each."""
        for _ in range(minutes):
            for _ in range(invocations):
                self._runtime.invoke_endpoint(EndpointName=self.name, Body=b"x")
            self.cloud.advance(60)

    def instances(self) -> int:
        (variant,) = self._bench.settled_endpoint(self.name)["ProductionVariants"]
        return int(variant["CurrentInstanceCount"])

    def activities(self) -> list[dict[str, Any]]:
        place = {key: self.place[key] for key in ("ServiceNamespace", "ResourceId")}
        return list(self.scaling.describe_scaling_activities(**place)["ScalingActivities"])


@pytest.fixture
def scaled(
    workbench: Workbench, client: ClientFactory, cloud: EmbeddedCloud, unique: Callable[[str], str]
) -> Iterator[Scaled]:
    scaled = Scaled(workbench, client, cloud, unique("scaled"))
    yield scaled
    workbench.settled_endpoint(scaled.name)
    workbench.dismantle(scaled.name)


def test_many_invocations_bring_more_instances(scaled: Scaled) -> None:
    """Target tracking: after three minutes above the target, in proportion to the metric."""
    scaled.track(target=5)
    scaled.busy(minutes=5, invocations=12)
    assert scaled.instances() == 3
    activity = scaled.activities()[0]
    assert activity["Description"] == "Setting desired instance count to 3."
    assert "AlarmHigh" in activity["Cause"]
    assert activity["StatusCode"] == "Successful"


def test_few_invocations_leave_fewer_instances(scaled: Scaled) -> None:
    """Target tracking: after fifteen minutes well below the target."""
    scaled.scaling.register_scalable_target(**scaled.place, MinCapacity=4)
    assert scaled.instances() == 4
    scaled.scaling.register_scalable_target(**scaled.place, MinCapacity=1)
    scaled.track(target=5)
    scaled.busy(minutes=18, invocations=4)
    assert scaled.instances() == 1


def test_scaling_in_can_be_switched_off(scaled: Scaled) -> None:
    """TargetTrackingScalingPolicyConfiguration: DisableScaleIn."""
    scaled.scaling.register_scalable_target(**scaled.place, MinCapacity=2)
    scaled.scaling.register_scalable_target(**scaled.place, MinCapacity=1)
    scaled.track(target=5, DisableScaleIn=True)
    scaled.busy(minutes=18, invocations=1)
    assert scaled.instances() == 2


def test_capacity_never_leaves_its_limits(scaled: Scaled) -> None:
    """RegisterScalableTarget: MaxCapacity is "the maximum value that you plan to scale out to"."""
    scaled.track(target=1)
    scaled.busy(minutes=5, invocations=30)
    assert scaled.instances() == 6


def test_new_limits_move_the_capacity_at_once(scaled: Scaled) -> None:
    """RegisterScalableTarget: capacity outside the new range is adjusted."""
    scaled.scaling.register_scalable_target(**scaled.place, MinCapacity=3)
    assert scaled.instances() == 3


def test_suspended_scaling_does_not_happen(scaled: Scaled) -> None:
    """RegisterScalableTarget: SuspendedState."""
    scaled.scaling.register_scalable_target(**scaled.place, SuspendedState={"DynamicScalingOutSuspended": True})
    scaled.track(target=1)
    scaled.busy(minutes=5, invocations=5)
    assert scaled.instances() == 1


def step_policy(scaled: Scaled, *steps: dict[str, Any], cooldown: int = 300) -> str:
    """A step scaling policy with an alarm of the test's own on a metric of its own; the alarm's name."""
    answer = scaled.scaling.put_scaling_policy(
        **scaled.place,
        PolicyName="step",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": list(steps),
            "Cooldown": cooldown,
        },
    )
    scaled.cloudwatch.put_metric_alarm(
        AlarmName=scaled.name,
        Namespace=scaled.name,
        MetricName="Backlog",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[answer["PolicyARN"]],
    )
    return scaled.name


def backlog(scaled: Scaled, value: float) -> None:
    """Publish the metric for this minute and let it pass."""
    scaled.cloudwatch.put_metric_data(Namespace=scaled.name, MetricData=[{"MetricName": "Backlog", "Value": value}])
    scaled.cloud.advance(61)


STEPS = (
    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 3},
)


@pytest.mark.parametrize(("value", "instances"), [(5, 1), (12, 2), (25, 4)])
def test_an_alarm_carries_out_the_step_for_its_breach(scaled: Scaled, value: float, instances: int) -> None:
    """Step scaling: the policy is the alarm's action; the size of the breach chooses the step."""
    step_policy(scaled, *STEPS)
    backlog(scaled, value)
    assert scaled.instances() == instances


def test_a_policy_cools_down_before_it_acts_again(scaled: Scaled) -> None:
    """Step scaling: Cooldown is the time "to wait for a previous scaling activity to take effect"."""
    step_policy(scaled, *STEPS, cooldown=300)
    for _ in range(4):
        backlog(scaled, 12)
    assert scaled.instances() == 2
    for _ in range(3):
        backlog(scaled, 12)
    assert scaled.instances() == 3


def test_a_scheduled_action_moves_the_limits(scaled: Scaled) -> None:
    """PutScheduledAction: at the scheduled time capacity is brought between the new limits."""
    clock = datetime.fromisoformat(scaled.cloud.status()["clock"]["now"])
    soon = (clock + timedelta(minutes=5)).astimezone(UTC)
    scaled.scaling.put_scheduled_action(
        **scaled.place,
        ScheduledActionName="soon",
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 3},
    )
    scaled.cloud.advance(240)
    assert scaled.instances() == 1
    scaled.cloud.advance(120)
    assert scaled.instances() == 2
    answer = scaled.scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[scaled.place["ResourceId"]]
    )
    (target,) = answer["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 3)


def test_an_update_can_keep_the_scaled_capacity(scaled: Scaled, workbench: Workbench) -> None:
    """UpdateEndpoint: RetainAllVariantProperties, without which the configuration's count returns."""
    scaled.scaling.register_scalable_target(**scaled.place, MinCapacity=3)
    assert scaled.instances() == 3
    workbench.sagemaker.update_endpoint(
        EndpointName=scaled.name, EndpointConfigName=scaled.name, RetainAllVariantProperties=True
    )
    assert scaled.instances() == 3
