"""When an alarm goes off, by CloudWatch's documented tables.

Source: Amazon CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data": each row is a sequence of
periods, oldest first, where 0 is fine, X breaches and - is missing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.cloud.alarms import Rule, judge

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VALUES = {"0": 1.0, "X": 9.0, "-": None}
RETAINED = None


def _state(periods: str, missing: str, to_alarm: int = 3, evaluated: int = 3) -> str | None:
    rule = Rule(periods=evaluated, to_alarm=to_alarm, comparison="GreaterThanThreshold", threshold=5.0, missing=missing)
    newest_first = [(NOW - timedelta(minutes=age + 1), VALUES[mark]) for age, mark in enumerate(reversed(periods))]
    return judge(rule, newest_first).state


@pytest.mark.parametrize(
    ("periods", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0-X-X", "OK", "OK", "OK", "OK"),
        ("0----", "OK", "OK", "OK", "OK"),
        ("-----", "INSUFFICIENT_DATA", RETAINED, "ALARM", "OK"),
        ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("--X--", "ALARM", RETAINED, "ALARM", "OK"),
        ("XXXXX", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("XX000", "OK", "OK", "OK", "OK"),
    ],
)
def test_three_out_of_three(
    periods: str, missing: str | None, ignore: str | None, breaching: str | None, not_breaching: str | None
) -> None:
    treatments = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    assert {treatment: _state(periods, treatment) for treatment in treatments} == treatments


@pytest.mark.parametrize(
    ("periods", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0-X-X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("00X0X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("----0", "OK", RETAINED, "ALARM", "OK"),
        ("---X-", "ALARM", RETAINED, "ALARM", "OK"),
    ],
)
def test_two_out_of_three(
    periods: str, missing: str | None, ignore: str | None, breaching: str | None, not_breaching: str | None
) -> None:
    treatments = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    assert {treatment: _state(periods, treatment, to_alarm=2) for treatment in treatments} == treatments


@pytest.mark.parametrize(
    ("comparison", "value", "breaches"),
    [
        ("GreaterThanThreshold", 5.0, False),
        ("GreaterThanOrEqualToThreshold", 5.0, True),
        ("LessThanThreshold", 5.0, False),
        ("LessThanOrEqualToThreshold", 5.0, True),
    ],
)
def test_a_value_at_the_threshold(comparison: str, value: float, breaches: bool) -> None:
    rule = Rule(periods=1, to_alarm=1, comparison=comparison, threshold=5.0)
    assert judge(rule, [(NOW, value)]).state == ("ALARM" if breaches else "OK")


def test_an_unknown_comparison_never_breaches() -> None:
    rule = Rule(periods=1, to_alarm=1, comparison="LessThanLowerThreshold", threshold=5.0)
    assert judge(rule, [(NOW, 1.0)]).state == "OK"


def test_the_reason_is_cloudwatchs() -> None:
    rule = Rule(periods=2, to_alarm=1, comparison="GreaterThanThreshold", threshold=5.0)
    assert judge(rule, [(NOW, 9.0), (NOW - timedelta(minutes=1), 1.0)]).reason == (
        "Threshold Crossed: 1 out of the last 2 datapoints [9.0 (21/11/26 12:00:00)] was greater than the threshold "
        "(5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
