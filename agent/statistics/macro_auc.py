"""Gives the mean AUC of several classes, each against the rest, its interval, and two models' theirs.

DeLong's components of each class's AUC say how far each row moves it. A row moves all of them, so that its influences
are summed before they are squared: the AUCs of the same rows are not independent (DeLong, DeLong and Clarke-Pearson,
Biometrics 44, 1988, 837-845, whose covariances this adds up).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.comparisons import Comparison, p_of, undefined
from agent.statistics.delong import paired
from agent.statistics.intervals import LEVEL, Estimate, logit, unknown
from agent.statistics.placements import placements

if TYPE_CHECKING:
    from agent.statistics.arrays import Codes, Floats


@dataclass(frozen=True, kw_only=True)
class _Areas:
    """The mean of the classes' AUCs, and how far each row moves it, shape (n,)."""

    value: float
    influence: Floats

    @property
    def variance(self) -> float:
        """Of the value."""
        return float(np.square(self.influence).sum())


def macro_auc(true: Codes, scores: Floats, level: float = LEVEL) -> Estimate:
    """The mean AUC of numbered classes (n,) by their scores (n, classes); undefined where a class has no rows."""
    fewer, rows = _fewer(true, scores), float(len(true))
    if not fewer:
        return unknown(math.nan, level=level, rows=rows, method="DeLong, macro")
    found = _areas(true, scores)
    if fewer < 2:
        return unknown(found.value, level=level, rows=rows, method="DeLong, macro")
    estimate = logit(found.value, math.sqrt(found.variance), rows=fewer, level=level, method="DeLong, macro")
    return replace(estimate, rows=rows)


def compare_macro_auc(true: Codes, champion: Floats, candidate: Floats, level: float = LEVEL) -> Comparison:
    """The same of two models that scored the same rows; a class of one row is not enough to compare."""
    fewer, rows = _fewer(true, champion), float(len(true))
    if fewer < 2:
        return undefined(rows=rows, level=level, method="DeLong, paired")
    first, second = _areas(true, champion), _areas(true, candidate)
    change = _Areas(value=second.value - first.value, influence=second.influence - first.influence)
    difference = paired(change.value, change.variance, rows=rows, fewer=fewer, level=level)
    return Comparison(
        champion=first.value, candidate=second.value, difference=difference,
        p_value=p_of(difference.value, difference.deviation),
    )  # fmt: skip


def _fewer(true: Codes, scores: Floats) -> int:
    """The rows of the smallest class, or of all others."""
    counts = np.bincount(true, minlength=scores.shape[1])
    return int(min(*counts, *(len(true) - counts)))


def _areas(true: Codes, scores: Floats) -> _Areas:
    """By class, each side's components about their mean, as precise as n - 1 of n rows."""
    areas, influence = [], np.zeros(len(true))
    for number in range(scores.shape[1]):
        own = true == number
        placed = placements(own, scores[:, number])
        areas.append(float(placed[own].mean()))
        for rows in (own, ~own):
            part, count = placed[rows], int(np.count_nonzero(rows))
            influence[rows] += (part - part.mean()) / math.sqrt(count * max(count - 1, 1))
    return _Areas(value=sum(areas) / len(areas), influence=influence / len(areas))
