"""When a scheduled action is due: ``at(…)``, ``rate(…)`` and ``cron(…)``, decided on values alone.

Source: "Schedule recurring scaling actions using cron expressions" in the Application Auto Scaling user guide.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from agent.cloud.errors import validation_error

_EXPRESSION = re.compile(r"(at|rate|cron)\((.+)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _DAYS, ())
_MOST_MINUTES = 366 * 24 * 60


def check(schedule: str) -> None:
    """Raise ``ValidationException`` for an expression that means nothing here."""
    due(schedule, None, created=0.0, after=0.0, until=0.0)


def due(schedule: str, timezone: str | None, *, created: float, after: float, until: float) -> bool:
    """Whether the schedule has a moment later than ``after`` and not later than ``until`` (seconds since the epoch)."""
    found = _EXPRESSION.fullmatch(schedule.strip())
    if found is None:
        raise validation_error(f"Schedule {schedule!r} must be at(…), rate(…) or cron(…).")
    kind, text = found.groups()
    zone: tzinfo = ZoneInfo(timezone) if timezone else UTC
    if kind == "at":
        return after < _moment(text, zone) <= until
    if kind == "rate":
        every = _seconds(text)
        return until > after and (until - created) // every > max(0.0, (after - created) // every)
    return _cron_due(_fields(text), zone, after, until)


def _moment(text: str, zone: tzinfo) -> float:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=zone).timestamp()
    except ValueError:
        raise validation_error(f"at({text}) is not a moment of the form yyyy-mm-ddThh:mm:ss.") from None


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+) (minute|hour|day)s?", text.strip())
    if found is None or int(found[1]) == 0:
        raise validation_error(f"rate({text}) must be a positive number and a unit: minutes, hours or days.")
    return int(found[1]) * _UNITS[found[2]]


def _fields(text: str) -> list[set[int]]:
    """The values that each of the six fields of a cron expression admits."""
    fields = text.split()
    if len(fields) != len(_BOUNDS):
        raise validation_error(f"cron({text}) must have six fields: minutes hours day month weekday year.")
    return [_values(field, *bounds, names) for field, bounds, names in zip(fields, _BOUNDS, _NAMES, strict=True)]


def _values(field: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    admitted: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            every = first in {"*", "?"}
            start = low if every else _number(first, names)
            end = _number(last, names) if last else high if every or step else start
            admitted |= set(range(start, end + 1, int(step or 1)))
        except ValueError:
            raise validation_error(
                f"{part!r} cannot be read in a cron expression (L, W and # are not served)."
            ) from None
    if not admitted or not admitted <= set(range(low, high + 1)):
        raise validation_error(f"{field!r} is outside {low}-{high} in a cron expression.")
    return admitted


def _number(word: str, names: tuple[str, ...]) -> int:
    return names.index(word.upper()) + 1 if word.upper() in names else int(word)


def _cron_due(fields: list[set[int]], zone: tzinfo, after: float, until: float) -> bool:
    minutes, hours, days, months, weekdays, years = fields
    moment = datetime.fromtimestamp(after - after % 60 + 60, zone)
    for _ in range(_MOST_MINUTES):
        if moment.timestamp() > until:
            return False
        if (
            moment.minute in minutes
            and moment.hour in hours
            and moment.day in days
            and moment.month in months
            and moment.isoweekday() % 7 + 1 in weekdays
            and moment.year in years
        ):
            return True
        moment += timedelta(minutes=1)
    return False
