"""The CloudWatch alarms that scaling policies act on: what Auto Scaling asks of CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.cloud.autoscaling.decisions import Breach

_PERIOD = 60
_HIGH_PERIODS = 3
_LOW_PERIODS = 15
_LOW_PART = 0.9


@dataclass(frozen=True, kw_only=True)
class Series:
    """A metric with the statistic that is looked at, over periods of a minute."""

    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str]
    unit: str | None = None


class ScalingAlarms(Protocol):
    """CloudWatch, as Application Auto Scaling's service-linked role may use it."""

    def put(self, account: str, region: str, alarm: Mapping[str, Any]) -> str:
        """Create or replace an alarm (members as in PutMetricAlarm); its ARN."""

    def delete(self, account: str, region: str, names: Iterable[str]) -> None:
        """Delete alarms; those that do not exist are none of its business."""

    def breaches(self, account: str, region: str, action: str) -> Sequence[Breach]:
        """The alarms in ALARM that have ``action`` among their actions, freshly evaluated."""


def predefined(endpoint: str, variant: str) -> Series:
    """The metric ``SageMakerVariantInvocationsPerInstance``: invocations in a minute, for each instance."""
    return Series(
        namespace="AWS/SageMaker",
        metric="InvocationsPerInstance",
        statistic="Sum",
        dimensions={"EndpointName": endpoint, "VariantName": variant},
    )


def customized(specification: Mapping[str, Any]) -> Series:
    """The metric of a CustomizedMetricSpecification."""
    return Series(
        namespace=specification["Namespace"],
        metric=specification["MetricName"],
        statistic=specification["Statistic"],
        dimensions={d["Name"]: d["Value"] for d in specification.get("Dimensions") or []},
        unit=specification.get("Unit"),
    )


def tracking_alarms(
    resource_id: str, policy_arn: str, series: Series, target: float, unique: str
) -> list[Mapping[str, Any]]:
    """The two alarms of a target tracking policy: three minutes above the target, fifteen well below it."""
    common = {
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Statistic": series.statistic,
        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions.items()],
        "Unit": series.unit,
        "Period": _PERIOD,
        "AlarmActions": [policy_arn],
    }
    high = {
        "AlarmName": f"TargetTracking-{resource_id}-AlarmHigh-{unique}",
        "EvaluationPeriods": _HIGH_PERIODS,
        "Threshold": target,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    low = {
        "AlarmName": f"TargetTracking-{resource_id}-AlarmLow-{unique}",
        "EvaluationPeriods": _LOW_PERIODS,
        "Threshold": target * _LOW_PART,
        "ComparisonOperator": "LessThanThreshold",
    }
    return [{**common, **high}, {**common, **low}]
