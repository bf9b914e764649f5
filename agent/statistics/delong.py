"""Gives an AUC its interval, and two AUCs on the same rows theirs, without resampling.

Source: DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988, 837-845).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import dot, squares
from agent.statistics.comparisons import Comparison, p_of, undefined
from agent.statistics.intervals import LEVEL, Estimate, logit, normal, unknown, wilson
from agent.statistics.placements import placements
from agent.statistics.weighing import average, effective, moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Floats
    from agent.statistics.tally import ScoreTally


def auc_interval(tally: ScoreTally, level: float = LEVEL) -> Estimate:
    """The AUC of a tally with DeLong's standard error, and the interval on the logit scale, which keeps it below 1.

    Rows with weights count by the effective number of their class.
    """
    positive, negative = tally.effective
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


def compare_auc(
    labels: ArrayLike,
    champion: ArrayLike,
    candidate: ArrayLike,
    level: float = LEVEL,
    weights: Floats | None = None,
) -> Comparison:
    """The AUCs of two models that scored the same rows, each argument of shape (n,); weights are more than 0."""
    truth = arrays.binary(labels)
    scores = [arrays.finite(champion, "champion's score"), arrays.finite(candidate, "candidate's score")]
    rows = arrays.same_length(label=truth, champion=scores[0], candidate=scores[1], weight=weights)
    classes = [(each, None if weights is None else weights[each]) for each in (truth, ~truth)]
    counts = [float(np.count_nonzero(own)) if weight is None else effective(weight) for own, weight in classes]
    worth = float(rows) if weights is None else effective(weights)
    if min(counts) < 2:
        return undefined(rows=worth, level=level, method="DeLong, paired")
    change = placements(truth, scores[0], weights)
    areas = [average(change[truth], classes[0][1])]
    placed = placements(truth, scores[1], weights)
    areas.append(average(placed[truth], classes[0][1]))
    np.subtract(placed, change, out=change)
    del placed
    variance = 0.0
    for own, weight in classes:
        _, of_class, count = moments(change[own], weight)
        variance += of_class / (count - 1)
    difference = paired(areas[1] - areas[0], variance, rows=worth, fewer=min(counts), level=level)
    return Comparison(
        champion=areas[0], candidate=areas[1], difference=difference,
        p_value=p_of(difference.value, difference.deviation),
    )  # fmt: skip


def paired(value: float, variance: float, *, rows: float, fewer: float, level: float) -> Estimate:
    """The difference of two AUCs, or of two means of AUCs; ``fewer`` are the rows of the smallest class.

    Of two models that no row tells apart, both perfect perhaps, other rows may still do so: as far as Wilson's interval
    reaches for what none of so many rows has shown.
    """
    change = normal(value, math.sqrt(variance), rows=rows, level=level, method="DeLong, paired")
    if variance:
        return change
    half = wilson(0, fewer, level).high
    return replace(change, low=max(-1.0, value - half), high=min(1.0, value + half), method="DeLong, Wilson")


def _moments(above: Floats, own: Floats, counts: Floats) -> tuple[float, float]:
    """Mean and variance (by n) of the share of a class above rows of the other, which occur so often at each score.

    Sums of weights are rounded: the mean of shares that are all 1 has to be 1 nevertheless, and their variance 0.
    """
    share = own / -2
    share += above
    share /= above[0]
    total, rows = float(counts.sum()), counts > 0
    mean = float(dot(share, counts)) / total
    mean = min(max(mean, float(share.min(where=rows, initial=1))), float(share.max(where=rows, initial=0)))
    share -= mean
    return mean, float(squares(share, counts)) / total
