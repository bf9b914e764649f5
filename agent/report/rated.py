"""What an evaluation through an endpoint came to, beside what the model's own evaluation said: in words and in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.ledger.environments import RatedMetric
from agent.report.build import Rated
from agent.report.outcome import read
from agent.report.wording import about, number
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any


def rated_of(result: Mapping[str, Any]) -> tuple[Rated, ...]:
    """Of the result of a check; empty where nothing was evaluated."""
    rows, metrics = read(result, "evaluated", int), read(result, "metrics", dict[str, RatedMetric])
    return tuple(_rated(name, each, rows or 0) for name, each in (metrics or {}).items())


def _rated(name: str, metric: RatedMetric, rows: int) -> Rated:
    reach = (metric.interval.low, metric.interval.high) if metric.interval else None
    return Rated(name=name, value=metric.value, reach=reach, own=metric.own, differs=metric.differs, rows=rows)


def rated_in_words(rated: Collection[Rated], names: Collection[str]) -> str:
    """The metrics of these names, or all where there is none of them, in one line."""
    chosen = [one for one in rated if one.name in names] or list(rated)
    rows = counted(chosen[0].rows, "held-out row")
    return f"{rows}: {'; '.join(' '.join(_told(one)) for one in chosen)}"


def _told(one: Rated) -> Iterator[str]:
    yield f"{one.name} {number(one.value)}"
    if one.reach:
        yield f"({about(one.reach[0])} to {about(one.reach[1])})"
    if one.own is not None and one.differs:
        yield f"where the model's own evaluation found {number(one.own)}"
