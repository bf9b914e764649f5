"""Metrics that an algorithm prints: found in its log by the regular expressions of its metric definitions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class MetricDefinition:
    """A metric's name and the expression whose first group holds its value (``AlgorithmSpecification``)."""

    name: str
    regex: re.Pattern[str]


def metric_definitions(members: Iterable[Mapping[str, Any]] | None) -> tuple[MetricDefinition, ...]:
    """The definitions of a request; raises ``re.error`` for an expression that is none."""
    return tuple(MetricDefinition(name=d["Name"], regex=re.compile(d["Regex"])) for d in members or ())


def metrics_in(line: str, definitions: Sequence[MetricDefinition]) -> list[tuple[str, float]]:
    """Every value that a log line holds; what is not a number is no value."""
    found = []
    for definition in definitions:
        for match in definition.regex.finditer(line):
            value = _number(match.group(1) if definition.regex.groups else match.group())
            if value is not None:
                found.append((definition.name, value))
    return found


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124 - not a number
