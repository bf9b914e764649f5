"""Compares two models row by row: by their losses, or by which of them is right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.comparisons import Comparison, p_of, undefined
from agent.statistics.distributions import binomial_tail
from agent.statistics.intervals import LEVEL, Estimate, mean, wilson
from agent.statistics.weighing import average, moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Bools, Floats

_EXACT = 25
"""Rows of disagreement below which McNemar's test is the exact binomial one, by half the weight of what was seen."""


def compare_means(
    champion: ArrayLike, candidate: ArrayLike, level: float = LEVEL, weights: Floats | None = None
) -> Comparison:
    """The means of two columns of the same rows (losses, squared errors, a query's NDCG), each of shape (n,)."""
    first, second = arrays.finite(champion, "champion's value"), arrays.finite(candidate, "candidate's value")
    arrays.same_length(champion=first, candidate=second, weight=weights)
    difference = mean(*moments(second - first, weights), level)
    return Comparison(
        champion=average(first, weights), candidate=average(second, weights), difference=difference,
        p_value=p_of(difference.value, difference.deviation),
    )  # fmt: skip


def compare_decisions(
    champion: ArrayLike, candidate: ArrayLike, level: float = LEVEL, weights: Floats | None = None
) -> Comparison:
    """The shares of rows in which two models are right: accuracy, or recall where only positive rows are given.

    Arguments are 0 and 1 of shape (n,). The interval is Newcombe's for paired proportions, the p value McNemar's.
    """
    first, second = arrays.binary(champion, "champion is right"), arrays.binary(candidate, "candidate is right")
    arrays.same_length(champion=first, candidate=second, weight=weights)
    if weights is not None:
        return _compare_weights(first, second, weights, level)
    both = int(np.count_nonzero(first & second))
    only_first = int(np.count_nonzero(first)) - both
    only_second = int(np.count_nonzero(second)) - both
    neither = len(first) - both - only_first - only_second
    return compare_counts(both, only_first, only_second, neither, level)


def compare_counts(
    both: int, only_champion: int, only_candidate: int, neither: int, level: float = LEVEL
) -> Comparison:
    """The same from the numbers of rows in which both, one, the other or neither is right."""
    rows = both + only_champion + only_candidate + neither
    if not rows:
        return undefined(rows=0, level=level, method="Newcombe, paired")
    shares = (both + only_champion) / rows, (both + only_candidate) / rows
    return Comparison(
        champion=shares[0], candidate=shares[1], p_value=mcnemar(only_champion, only_candidate),
        difference=_newcombe(both, only_candidate, only_champion, neither, level),
    )  # fmt: skip


def _compare_weights(first: Bools, second: Bools, weights: Floats, level: float) -> Comparison:
    """The same of rows with weights, as of so many rows as would tell the difference as precisely.

    That number comes from the variance of the weighted difference (Korn and Graubard, Survey Methodology 24, 1998,
    193-201, for one proportion), and is no more than there are. The p value is Wald's.
    """
    shares = weights / weights.sum()
    both, only_first, only_second = (
        float(shares[rows].sum()) for rows in (first & second, first > second, first < second)
    )
    value, scaled, rows = moments(np.subtract(second, first, dtype=np.float64), weights)
    equal_weights = only_first + only_second - value**2
    worth = min(float(len(weights)), rows * equal_weights / scaled) if scaled else rows
    neither = max(0.0, 1 - both - only_first - only_second)
    parts = [each * worth for each in (both, only_second, only_first, neither)]
    difference = _newcombe(parts[0], parts[1], parts[2], parts[3], level)
    return Comparison(
        champion=both + only_first, candidate=both + only_second, difference=difference,
        p_value=p_of(value, math.sqrt(scaled / rows)),
    )  # fmt: skip


def mcnemar(one: int, other: int) -> float:
    """The two-sided p value of McNemar's test (Psychometrika 12, 1947) from both numbers of disagreement.

    Few of them: the exact binomial test with mid-p (Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13,
    2013), which is not conservative as the exact test is.
    """
    disagree = one + other
    if not disagree:
        return 1.0
    if disagree >= _EXACT:
        return math.erfc(abs(one - other) / math.sqrt(2 * disagree))
    fewer = min(one, other)
    seen = float(math.comb(disagree, fewer) / 2**disagree)
    return min(1.0, 2 * binomial_tail(fewer, disagree) - seen)


def _newcombe(both: float, first: float, second: float, neither: float, level: float) -> Estimate:
    """The difference of paired proportions (Newcombe, Statistics in Medicine 17, 1998, 2635-2650, method 10)."""
    rows = both + first + second + neither
    one, other = wilson(both + first, rows, level), wilson(both + second, rows, level)
    value = (first - second) / rows
    phi = _phi(both, first, second, neither)
    down, up = (
        math.sqrt(max(0.0, near**2 - 2 * phi * near * far + far**2))
        for near, far in (
            (one.value - one.low, other.high - other.value),
            (one.high - one.value, other.value - other.low),
        )
    )
    deviation = math.sqrt(max(0.0, (first + second) / rows - value**2) / rows)
    return Estimate(
        value=value, deviation=deviation, low=max(-1.0, value - down), high=min(1.0, value + up), level=level,
        rows=rows, method="Newcombe, paired",
    )  # fmt: skip


def _phi(both: float, first: float, second: float, neither: float) -> float:
    """The correlation of both, corrected for continuity where it is positive, as the method has it."""
    rows = both + first + second + neither
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if not margins:
        return 0.0
    cross = both * neither - first * second
    return (max(cross - rows / 2, 0.0) if cross > 0 else cross) / math.sqrt(margins)
