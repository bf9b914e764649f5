"""CloudWatch as Application Auto Scaling uses it: alarms put, deleted and read with the values that tripped them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.autoscaling.decisions import Breach

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.cloud.clock import Clock

_HIGH = frozenset({"GreaterThanThreshold", "GreaterThanOrEqualToThreshold"})


class MiniStackScalingAlarms:
    """See :class:`agent.cloud.autoscaling.alarms.ScalingAlarms`."""

    def __init__(self, clock: Clock) -> None:
        from ministack.core import responses
        from ministack.services import cloudwatch

        self._clock = clock
        self._service = cloudwatch
        self._scope = responses.request_scope

    def put(self, account: str, region: str, alarm: Mapping[str, Any]) -> str:
        """See :class:`agent.cloud.autoscaling.alarms.ScalingAlarms`."""
        with self._scope(account, region):
            self._service._put_metric_alarm({}, dict(alarm), is_cbor=False, is_json=True)
            return str(self._service._alarms[alarm["AlarmName"]]["AlarmArn"])

    def delete(self, account: str, region: str, names: Iterable[str]) -> None:
        """See :class:`agent.cloud.autoscaling.alarms.ScalingAlarms`."""
        with self._scope(account, region):
            for name in names:
                self._service.cloudformation_delete_metric_alarm(name)

    def breaches(self, account: str, region: str, action: str) -> Sequence[Breach]:
        """See :class:`agent.cloud.autoscaling.alarms.ScalingAlarms`."""
        with self._scope(account, region):
            self._service._evaluate_all_alarms()
            acting = [
                alarm
                for alarm in self._service._alarms.values()
                if alarm["StateValue"] == "ALARM"
                and alarm.get("ActionsEnabled", True)
                and action in (alarm.get("AlarmActions") or [])
            ]
            values = [(alarm, self._newest(alarm)) for alarm in acting]
        return [
            Breach(
                alarm=alarm["AlarmName"],
                value=value,
                threshold=float(alarm["Threshold"]),
                high=alarm["ComparisonOperator"] in _HIGH,
            )
            for alarm, value in values
            if value is not None
        ]

    def _newest(self, alarm: Mapping[str, Any]) -> float | None:
        """The alarm's statistic over its newest period that has data."""
        service = self._service
        dimensions = service._dims_key(service._dims_from_list(alarm.get("Dimensions") or []))
        points = service._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or []
        if not points:
            return None
        period, now = int(alarm.get("Period") or 60), self._clock.time()
        age = int((now - points[-1]["Timestamp"]) // period)
        newest = [point for point in points if int((now - point["Timestamp"]) // period) == age]
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        value = service._stat_value(service._calc_stats(newest), statistic, newest)
        return None if value is None else float(value)
