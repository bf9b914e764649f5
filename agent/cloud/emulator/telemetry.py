"""CloudWatch for the cloud's own services: metrics without a request, alarms judged on the cloud's clock.

MiniStack judges an alarm over all dimensions of a metric at once, never finds data missing, and only when new data
arrives; this judges as CloudWatch does, and once a minute besides (see :mod:`agent.cloud.alarms`).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.alarms import LOOK_BACK, Rule, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.cloud.clock import Clock
    from agent.cloud.platform import Metric

EVALUATION_SECONDS = 60
_KEPT_SECONDS = 15 * 24 * 3600
_EXACT_VALUES = 20
"""Different values that one metric keeps exactly for one second."""

Place = tuple[str, str]
"""An account and a region."""


class CloudWatch:
    """See :class:`agent.cloud.platform.Telemetry`."""

    def __init__(self, clock: Clock, touch: Callable[[str], None]) -> None:
        from ministack.core import responses
        from ministack.services import cloudwatch

        self._clock = clock
        self._touch = touch
        self._service = cloudwatch
        self._scope = responses.request_scope
        self._held: dict[tuple[str, str, str], float] = {}
        self._seconds: dict[tuple[Place, tuple[str, str, str]], _Second] = {}
        self._install()

    def put_metrics(self, account: str, region: str, namespace: str, metrics: Sequence[Metric]) -> None:
        """See :class:`agent.cloud.platform.Telemetry`."""
        with self._scope(account, region):
            for metric in metrics:
                self._put(account, region, namespace, metric)
            if self._service._alarms:
                self._service._evaluate_all_alarms()
        self._touch("monitoring")

    def alarm_states(self, account: str, region: str, names: Sequence[str]) -> Mapping[str, str]:
        """See :class:`agent.cloud.platform.Telemetry`; a name may also be that of a composite alarm."""
        with self._scope(account, region):
            self._service._evaluate_all_alarms()
            found = {
                name: self._service._alarms.get(name) or self._service._composite_alarms.get(name) for name in names
            }
            return {name: alarm["StateValue"] for name, alarm in found.items() if alarm}

    async def watch(self) -> None:
        """Judge every alarm once a minute of the cloud's clock, because missing data announce themselves by nothing."""
        while True:
            await self._clock.sleep(EVALUATION_SECONDS)
            for account, region in {(key[0], key[1]) for key in list(self._service._alarms._data)}:
                with self._scope(account, region):
                    self._service._evaluate_all_alarms()

    def reset(self) -> None:
        """Forget what MiniStack has forgotten."""
        self._held.clear()
        self._seconds.clear()

    def _install(self) -> None:
        set_state = self._service._set_alarm_state

        def set_and_hold(params: Any, *rest: Any) -> Any:
            answer = set_state(params, *rest)
            name = self._service._p(params, "AlarmName") or (rest[0] or {}).get("AlarmName", "")
            self._held[(*self._place(), name)] = self._clock.time() + EVALUATION_SECONDS
            return answer

        self._service._set_alarm_state = set_and_hold
        self._service._evaluate_alarm = self._evaluate
        self._service._evict_old_metrics = self._evict

    def _place(self) -> Place:
        from ministack.core import responses

        return responses.get_account_id(), responses.get_region()

    def _put(self, account: str, region: str, namespace: str, metric: Metric) -> None:
        service = self._service
        series = (namespace, metric.name, service._dims_key(dict(metric.dimensions)))
        moment = metric.time.timestamp()
        second = self._seconds.get(((account, region), series))
        if second is None or second.start != moment // 1:
            second = self._seconds[(account, region), series] = _Second(moment // 1)
        if second.join(metric.value, metric.count):
            return
        point = {
            "Timestamp": moment,
            "Value": float(metric.value),
            "Unit": metric.unit,
            "Dimensions": dict(metric.dimensions),
            "Count": float(metric.count),
        }
        second.add(point)
        service._metric_bucket(series).append(point)

    def _evict(self) -> None:
        """Drop what is older than CloudWatch keeps minutes; points arrive in order, so the first one tells."""
        metrics = self._service._metrics
        cutoff = self._clock.time() - _KEPT_SECONDS
        for key, points in metrics.items():
            if points and points[0]["Timestamp"] < cutoff:
                metrics[key] = [point for point in points if point["Timestamp"] >= cutoff]
            if not metrics[key]:
                del metrics[key]

    def _evaluate(self, alarm: dict[str, Any]) -> None:
        """In MiniStack's place: set the alarm's state, tell its topics and the composite alarms above it."""
        now = self._clock.time()
        if now < self._held.get((*self._place(), alarm["AlarmName"]), 0.0) or not alarm.get("MetricName"):
            return
        periods = int(alarm.get("EvaluationPeriods") or 1)
        rule = Rule(
            periods=periods,
            to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
            comparison=alarm.get("ComparisonOperator") or "",
            threshold=float(alarm.get("Threshold") or 0),
            missing=alarm.get("TreatMissingData") or "missing",
        )
        verdict = judge(rule, self._values(alarm, now, periods + LOOK_BACK))
        old = alarm["StateValue"]
        if verdict.state in {None, old}:
            return
        alarm["StateValue"] = verdict.state
        alarm["StateReason"] = verdict.reason
        alarm["StateUpdatedTimestamp"] = int(now)
        self._service._record_history(alarm["AlarmName"], old, verdict.state, verdict.reason)
        self._service._dispatch_alarm_actions(alarm, old, verdict.state, verdict.reason)
        self._service._evaluate_parent_alarms(alarm)

    def _values(self, alarm: Mapping[str, Any], now: float, periods: int) -> list[tuple[datetime, float | None]]:
        """The alarm's statistic over each of the last periods, which end now, newest first."""
        dimensions = self._service._dims_key(self._service._dims_from_list(alarm.get("Dimensions") or []))
        points = self._service._metrics.get((alarm.get("Namespace"), alarm["MetricName"], dimensions)) or []
        length = int(alarm.get("Period") or 60)
        windows: list[list[dict[str, Any]]] = [[] for _ in range(periods)]
        for point in reversed(points):
            age = int((now - point["Timestamp"]) // length)
            if age >= periods and point["Timestamp"] < now - (periods + 1) * length:
                break
            if 0 <= age < periods and alarm.get("Unit") in {None, "", point["Unit"]}:
                windows[age].append(point)
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        starts = (datetime.fromtimestamp(now - (age + 1) * length, UTC) for age in range(periods))
        return [(start, self._statistic(window, statistic)) for start, window in zip(starts, windows, strict=True)]

    def _statistic(self, points: list[dict[str, Any]], statistic: str) -> float | None:
        if not points:
            return None
        value = self._service._stat_value(self._service._calc_stats(points), statistic, points)
        return None if value is None else float(value)


class _Second:
    """One second of one metric: equal values are one point with a count, so that a busy endpoint stays small."""

    def __init__(self, start: float) -> None:
        self.start = start
        self._points: dict[float | tuple[str, int], dict[str, Any]] = {}

    def join(self, value: float, count: float) -> bool:
        """Count a value at a point that stands for it; False when it needs one of its own."""
        point = self._points.get(self._key(value))
        if point is not None:
            point["Count"] += count
        return point is not None

    def add(self, point: dict[str, Any]) -> None:
        """Let later equal values join this point."""
        self._points[self._key(point["Value"])] = point

    def _key(self, value: float) -> float | tuple[str, int]:
        """Values within 5 % count as equal once there are many, as CloudWatch's own histograms do it."""
        if value in self._points or len(self._points) < _EXACT_VALUES or value <= 0:
            return value
        return ("within 5 %", round(math.log(value) / math.log(1.05)))
