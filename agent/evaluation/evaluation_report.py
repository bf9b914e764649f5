"""Reads what an evaluation script wrote: SageMaker's model-quality format, every metric that is asked for, finite.

Source: SageMaker developer guide, "Model quality metrics": ``{GROUP: {NAME: {"value": …, "standard_deviation": …}}}``.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeGuard

from agent.artifacts import Metric
from agent.errors import UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FILE = "evaluation.json"
GROUPS = (
    "binary_classification_metrics",
    "multiclass_classification_metrics",
    "regression_metrics",
    "ranking_metrics",
)


def parse(body: bytes, wanted: Sequence[str], where: str) -> Mapping[str, Metric]:
    """All metrics of a report by name, those of ``wanted`` for certain; UserCodeFailedError names what is wrong.

    Entries without a ``value``, such as confusion matrices and curves, are no metrics. ``where`` is the report's
    address, for people.
    """
    groups = _groups(_document(body, where), where)
    values: dict[str, Any] = {}
    for name, entry in _entries(groups):
        if name in values and values[name] != entry:
            raise _refusal(where, f"it has the metric {name} twice, with different values")
        values[name] = entry
    for name in wanted:
        _require(name, values, where)
    return {name: _metric(entry) for name, entry in values.items() if _is_finite(entry["value"])}


def _document(body: bytes, where: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise _refusal(where, f"it is not JSON: {error}") from error


def _groups(document: Any, where: str) -> Mapping[str, Any]:
    known = {name: document[name] for name in GROUPS if name in document} if isinstance(document, dict) else {}
    if not known or not all(isinstance(group, dict) for group in known.values()):
        found = f"the members {', '.join(document)}" if isinstance(document, dict) and document else "nothing of it"
        raise _refusal(where, f"it needs an object with one of {', '.join(GROUPS)}, and has {found}")
    return known


def _entries(groups: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for group in groups.values():
        for name, entry in group.items():
            if isinstance(entry, dict) and "value" in entry:
                yield name, entry


def _require(name: str, values: Mapping[str, Any], where: str) -> None:
    if name not in values:
        raise _refusal(where, f"it lacks the metric {name}; it has {', '.join(values) or 'none'}")
    value = values[name]["value"]
    if not _is_finite(value):
        raise _refusal(where, f"its metric {name} is {json.dumps(value)}, which is no finite number")


def _metric(entry: Mapping[str, Any]) -> Metric:
    """SageMaker writes the standard deviation ``NaN`` (as text) where it has none."""
    deviation = entry.get("standard_deviation")
    return Metric(value=float(entry["value"]), standard_deviation=float(deviation) if _is_finite(deviation) else None)


def _is_finite(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        # JSON's integers have no limit.
        return False


def _refusal(where: str, what: str) -> UserCodeFailedError:
    return UserCodeFailedError(
        f"the evaluation script's report {where} cannot be used: {what}; mend the script, or `evaluation.metrics` "
        "in modelyard.yaml"
    )
