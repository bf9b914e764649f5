"""What a comparison of two models on the same rows answers, whichever method made it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.statistics.distributions import normal_tail
from agent.statistics.intervals import Estimate, unknown


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models' values of a metric, and ``difference`` = candidate - champion with its paired interval.

    ``p_value`` is two-sided, of the hypothesis that the two are equal.
    """

    champion: float
    candidate: float
    difference: Estimate
    p_value: float


def undefined(*, rows: float, level: float, method: str) -> Comparison:
    """Of a metric that the rows do not define: an AUC of one class, say."""
    nan = unknown(math.nan, level=level, rows=rows, method=method)
    return Comparison(champion=math.nan, candidate=math.nan, difference=nan, p_value=math.nan)


def p_of(difference: float, deviation: float) -> float:
    """The two-sided normal p value of a difference; 1 where both models are the same to every row."""
    if math.isnan(difference) or math.isnan(deviation):
        return math.nan
    if deviation == 0:
        return float(difference == 0)
    return 2 * normal_tail(abs(difference) / deviation)
