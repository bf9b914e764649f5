"""Gives an AUC its interval, and two AUCs on the same rows theirs, without resampling.

Sources: DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988, 837-845); by ranks in O(n log n) as Sun and Xu (IEEE
Signal Processing Letters 21, 2014, 1389-1393).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import dot, squares
from agent.statistics.comparisons import Comparison, p_of
from agent.statistics.intervals import LEVEL, Estimate, logit, normal, unknown, wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Bools, Floats
    from agent.statistics.tally import ScoreTally


def auc_interval(tally: ScoreTally, level: float = LEVEL) -> Estimate:
    """The AUC of a tally with DeLong's standard error, and the interval on the logit scale, which keeps it below 1.

    Rows with weights count by their effective number.
    """
    positive, negative = (float(each) * tally.scale for each in (tally.positive, tally.negative))
    if not positive or not negative:
        return unknown(math.nan, level=level, rows=tally.rows, method="DeLong")
    _, of_positives = _moments(tally.alarms, tally.negatives, tally.positives)
    area, of_negatives = _moments(tally.hits, tally.positives, tally.negatives)
    if min(positive, negative) < 2:
        return unknown(area, level=level, rows=tally.rows, method="DeLong")
    deviation = math.sqrt(of_positives / (positive - 1) + of_negatives / (negative - 1))
    estimate = logit(area, deviation, rows=min(positive, negative), level=level, method="DeLong")
    method = estimate.method if estimate.method == "DeLong" else "DeLong, Wilson"
    return replace(estimate, rows=tally.rows, method=method)


def compare_auc(labels: ArrayLike, champion: ArrayLike, candidate: ArrayLike, level: float = LEVEL) -> Comparison:
    """The AUCs of two models that scored the same rows, each argument of shape (n,)."""
    truth = arrays.binary(labels)
    scores = [arrays.finite(champion, "champion's score"), arrays.finite(candidate, "candidate's score")]
    rows = arrays.same_length(label=truth, champion=scores[0], candidate=scores[1])
    positives = int(np.count_nonzero(truth))
    if min(positives, rows - positives) < 2:
        nan = unknown(math.nan, level=level, rows=rows, method="DeLong, paired")
        return Comparison(champion=math.nan, candidate=math.nan, difference=nan, p_value=math.nan)
    first, second = (_placements(truth, each) for each in scores)
    variance = sum(
        float(np.var(mine - theirs, ddof=1)) / len(mine)
        for mine, theirs in ((second.positives, first.positives), (second.negatives, first.negatives))
    )
    areas = float(first.positives.mean()), float(second.positives.mean())
    change = normal(areas[1] - areas[0], math.sqrt(variance), rows=rows, level=level, method="DeLong, paired")
    if not variance:
        change = _unvaried(change, min(positives, rows - positives))
    return Comparison(
        champion=areas[0], candidate=areas[1], difference=change, p_value=p_of(change.value, change.deviation)
    )


def _unvaried(change: Estimate, fewer: int) -> Estimate:
    """The difference of two models that no row tells apart, both perfect perhaps: other rows may still do so.

    As far as Wilson's interval reaches for what none of so many rows of the smaller class has shown.
    """
    half = wilson(0, fewer, change.level).high
    low, high = max(-1.0, change.value - half), min(1.0, change.value + half)
    return replace(change, low=low, high=high, method="DeLong, Wilson")


@dataclass(frozen=True, kw_only=True)
class _Placements:
    """DeLong's components: the share of the other class that each row is on the right side of, ties by half."""

    positives: Floats
    negatives: Floats


def _placements(truth: Bools, scores: Floats) -> _Placements:
    """By one sort of all scores: how many of the other class are below each row, and half of those that are equal."""
    order = np.argsort(scores)
    ranked, positive = scores[order], truth[order]
    first = np.empty(len(order), np.bool_)
    first[:1] = True
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    sizes = np.diff(starts, append=len(order))
    placed = np.empty(len(order))
    found = []
    for own, other in ((truth, ~positive), (~truth, positive)):
        equal = np.add.reduceat(other, starts, dtype=np.float64)
        below = np.cumsum(equal) - equal / 2
        placed[order] = np.repeat(below / np.count_nonzero(other), sizes)
        found.append(placed[own])
    return _Placements(positives=found[0], negatives=1 - found[1])


def _moments(above: Floats, own: Floats, counts: Floats) -> tuple[float, float]:
    """Mean and variance (by n) of the share of a class above rows of the other, which occur so often at each score."""
    share = above - own / 2
    share /= above[0]
    total = float(counts.sum())
    mean = float(dot(share, counts)) / total
    share -= mean
    return mean, float(squares(share, counts)) / total
