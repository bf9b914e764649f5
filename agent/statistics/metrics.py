"""Names what predictions of each task are measured by, without measuring: for configurations, which load no numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from agent.statistics.schema import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    Better = Literal["higher", "lower"]

_BINARY: Mapping[str, Better] = {
    "auc": "higher",
    "average_precision": "higher",
    "log_loss": "lower",
    "brier": "lower",
    "ece": "lower",
    "accuracy": "higher",
    "precision": "higher",
    "recall": "higher",
    "specificity": "higher",
    "f1": "higher",
    "balanced_accuracy": "higher",
    "mcc": "higher",
}
_MULTICLASS: Mapping[str, Better] = {
    "accuracy": "higher",
    **{f"{kind}_{name}": "higher" for name in ("precision", "recall", "f1") for kind in ("macro", "weighted")},
    "log_loss": "lower",
    "macro_auc": "higher",
}
_REGRESSION: Mapping[str, Better] = {"mse": "lower", "rmse": "lower", "mae": "lower", "r2": "higher"}
_RANGES = {
    **dict.fromkeys(("log_loss", "mse", "rmse", "mae"), (0.0, math.inf)),
    "r2": (-math.inf, 1.0),
    "mcc": (-1.0, 1.0),
}
"""The least and the greatest value of metrics that are no shares."""
_UNPAIRED = frozenset({"ece"})
"""Metrics without a paired interval."""


def measured_by(task: Task, k: int = 10) -> Mapping[str, Better]:
    """The metrics of a task by name, each with the direction that is better; ``k`` is of rankings."""
    match task:
        case Task.BINARY:
            return _BINARY
        case Task.MULTICLASS:
            return _MULTICLASS
        case Task.REGRESSION:
            return _REGRESSION
        case Task.RANKING:
            return {f"ndcg@{k}": "higher", "map": "higher", "mrr": "higher", f"recall@{k}": "higher"}


def range_of(metric: str) -> tuple[float, float]:
    """The least and the greatest value that a metric of some task can have."""
    return _RANGES.get(metric, (0.0, 1.0))


def compared_by(task: Task, k: int = 10) -> tuple[str, ...]:
    """The metrics of a task by which two models are compared on the same rows."""
    return tuple(name for name in measured_by(task, k) if name not in _UNPAIRED)
