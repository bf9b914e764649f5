"""The verdicts of gates as a table for a terminal: each with its value, what it had to reach, and who overrides it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from agent.artifacts import Verdict
from agent.view.table import table_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.console import Console

TITLES = ("GATE", "RESULT", "VALUE", "MUST BE", "INTERVAL", "ROWS", "GUARDS")


def say_verdicts(results: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Show the verdicts among the results of a run's stages, if it came to its gates."""
    try:
        kept = json.dumps(results.get("gate", {}).get("verdicts", ()))
        verdicts = TypeAdapter(tuple[Verdict, ...]).validate_json(kept)
    except ValidationError:  # remembered of a run of another version
        return
    for line in verdict_lines(verdicts):
        console.say(line)


def verdict_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """The table, and below it the overrides; columns in which no gate has anything are left out."""
    rows = [_row(verdict) for verdict in verdicts]
    columns = [index for index in range(len(TITLES)) if any(row[index] for row in rows)]
    chosen = [tuple(row[index] or "-" for index in columns) for row in rows]
    yield from table_lines([TITLES[index] for index in columns], chosen)
    yield from (verdict.override.told(verdict.gate) for verdict in verdicts if verdict.override is not None)


def _row(verdict: Verdict) -> tuple[str, ...]:
    limit = "" if verdict.limit is None else f"{verdict.comparison} {verdict.limit:.6g}"
    interval = verdict.interval
    return (
        verdict.gate,
        verdict.state,
        "" if verdict.value is None else f"{verdict.value:.6g}",
        limit,
        f"{interval.low:.6g} to {interval.high:.6g} ({interval.level:.0%})" if interval else "",
        "" if verdict.sample_size is None else str(verdict.sample_size),
        ", ".join(verdict.environments),
    )
