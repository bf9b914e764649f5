"""When scheduled actions are due, as the Application Auto Scaling user guide writes schedules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.cloud.autoscaling.schedules import check, due
from agent.cloud.errors import AwsError

MINUTE = 60.0
HOUR = 3600.0
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC).timestamp()
"""A Wednesday."""


def between(schedule: str, after: float, until: float, timezone: str | None = None, created: float = NOON) -> bool:
    return due(schedule, timezone, created=created, after=after, until=until)


def test_at_is_due_once_at_its_moment() -> None:
    schedule = "at(2026-03-04T12:30:00)"
    assert not between(schedule, NOON, NOON + 29 * MINUTE)
    assert between(schedule, NOON + 29 * MINUTE, NOON + 30 * MINUTE)
    assert not between(schedule, NOON + 30 * MINUTE, NOON + HOUR)


def test_at_is_read_in_its_time_zone() -> None:
    schedule = "at(2026-03-04T13:30:00)"
    assert between(schedule, NOON, NOON + 31 * MINUTE, timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "seconds"), [("rate(5 minutes)", 300), ("rate(1 hour)", 3600), ("rate(2 days)", 172800)]
)
def test_a_rate_is_due_after_every_interval(schedule: str, seconds: float) -> None:
    assert not between(schedule, NOON, NOON + seconds - 1)
    assert between(schedule, NOON, NOON + seconds)
    assert not between(schedule, NOON + seconds, NOON + 2 * seconds - 1)
    assert between(schedule, NOON + seconds, NOON + 2 * seconds)


@pytest.mark.parametrize(
    ("schedule", "matches"),
    [
        ("cron(0 13 * * ? *)", True),
        ("cron(30 12 * * ? *)", True),
        ("cron(0/15 12 ? * WED *)", True),
        ("cron(0 13 ? * MON-FRI *)", True),
        ("cron(0 13 ? * SAT,SUN *)", False),
        ("cron(0 13 4 MAR ? 2026)", True),
        ("cron(0 13 5 3 ? *)", False),
        ("cron(0 11 * * ? *)", False),
    ],
)
def test_cron_is_due_when_its_fields_match_a_minute(schedule: str, matches: bool) -> None:
    assert between(schedule, NOON, NOON + HOUR) is matches


def test_cron_is_read_in_its_time_zone() -> None:
    assert between("cron(30 13 * * ? *)", NOON, NOON + HOUR, timezone="Europe/Berlin")


@pytest.mark.parametrize(
    "schedule",
    [
        "tomorrow",
        "at(noon)",
        "rate(0 minutes)",
        "rate(1 fortnight)",
        "cron(* * * *)",
        "cron(60 * * * ? *)",
        "cron(0 0 L * ? *)",
    ],
)
def test_a_schedule_that_means_nothing_is_refused(schedule: str) -> None:
    with pytest.raises(AwsError, match="ValidationException"):
        check(schedule)
