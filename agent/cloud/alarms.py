"""Whether a CloudWatch alarm is breached, decided on the values of its periods alone.

Source: Amazon CloudWatch user guide, "Using Amazon CloudWatch alarms", sections "Evaluating an alarm" and "Configuring
how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LOOK_BACK = 2
"""Periods beyond the evaluated ones in which CloudWatch looks for data to stand in for missing ones."""

_COMPARISONS: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", lambda value, limit: value >= limit),
    "GreaterThanThreshold": ("greater than", lambda value, limit: value > limit),
    "LessThanThreshold": ("less than", lambda value, limit: value < limit),
    "LessThanOrEqualToThreshold": ("less than or equal to", lambda value, limit: value <= limit),
}
_TREATED = {"breaching": ("ALARM", "Breaching"), "notBreaching": ("OK", "NonBreaching")}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When an alarm goes off: ``to_alarm`` of the last ``periods`` values compare so with the threshold."""

    periods: int
    to_alarm: int
    comparison: str
    threshold: float
    missing: str = "missing"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The state an alarm should have, and CloudWatch's explanation; ``state`` is None when it keeps the one it has."""

    state: str | None
    reason: str


def judge(rule: Rule, newest_first: Sequence[tuple[datetime, float | None]]) -> Verdict:
    """Judge an alarm by its values, one for each period (None: no data) and named by the period's start.

    The sequence covers ``rule.periods + LOOK_BACK`` periods.
    """
    real = [(moment, value) for moment, value in newest_first if value is not None][: rule.periods]
    if not real:
        return _without_data(rule)
    breaching = [entry for entry in real if _breaches(rule, entry[1])]
    fine = [entry for entry in real if not _breaches(rule, entry[1])]
    missing = rule.periods - len(real)
    if len(breaching) + (missing if rule.missing == "breaching" else 0) >= rule.to_alarm:
        return Verdict(state="ALARM", reason=_crossed(rule, breaching or real, "ALARM"))
    if len(fine) + (missing if rule.missing == "notBreaching" else 0) > rule.periods - rule.to_alarm:
        return Verdict(state="OK", reason=_crossed(rule, fine or real, "OK"))
    if rule.missing == "missing":
        state = "OK" if fine else "ALARM"
        return Verdict(state=state, reason=_crossed(rule, fine or breaching, state))
    return Verdict(state=None, reason="")


def _breaches(rule: Rule, value: float) -> bool:
    comparison = _COMPARISONS.get(rule.comparison)
    return comparison is not None and comparison[1](value, rule.threshold)


def _without_data(rule: Rule) -> Verdict:
    periods = rule.periods
    if rule.missing == "ignore":
        return Verdict(state=None, reason="")
    if rule.missing not in _TREATED:
        return Verdict(
            state="INSUFFICIENT_DATA", reason=f"Insufficient Data: {_datapoints(periods)} {_were(periods)} unknown."
        )
    state, treated = _TREATED[rule.missing]
    reason = (
        f"no datapoints were received for {periods} period{'s' if periods > 1 else ''} and "
        f"{periods} missing datapoint{'s' if periods > 1 else ''} {_were(periods)} treated as [{treated}]"
    )
    return Verdict(state=state, reason=f"Threshold Crossed: {reason}.")


def _crossed(rule: Rule, entries: Sequence[tuple[datetime, float | None]], state: str) -> str:
    shown = ", ".join(f"{value} ({moment.astimezone(UTC):%d/%m/%y %H:%M:%S})" for moment, value in entries)
    words = _COMPARISONS[rule.comparison][0] if rule.comparison in _COMPARISONS else rule.comparison
    came_from = "ALARM" if state == "OK" else "OK"
    return (
        f"Threshold Crossed: {len(entries)} out of the last {_datapoints(rule.periods)} [{shown}] {_were(len(entries))}"
        f"{' not' if state == 'OK' else ''} {words} the threshold ({rule.threshold}) "
        f"(minimum {_datapoints(rule.to_alarm)} for {came_from} -> {state} transition)."
    )


def _datapoints(count: int) -> str:
    return f"{count} datapoint{'s' if count > 1 else ''}"


def _were(count: int) -> str:
    return "were" if count > 1 else "was"
