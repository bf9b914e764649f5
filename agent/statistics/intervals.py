"""Says how far a measured value may be from the true one: an estimate with its interval, by the method that fits it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.statistics.distributions import student_quantile, two_sided

if TYPE_CHECKING:
    from collections.abc import Callable

LEVEL = 0.95
"""How often an interval holds the true value, unless another level is asked for."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value in the metric's own unit, its standard error, and the two-sided interval of a ``level``.

    All are NaN where the metric is undefined; the interval alone where the sample tells nothing of its precision.
    ``rows`` is what the precision comes from: rows, or queries, or only those of a class. ``method`` is the interval's.
    """

    value: float
    deviation: float
    low: float
    high: float
    level: float
    rows: float
    method: str

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)


def unknown(value: float, *, level: float, rows: float, method: str) -> Estimate:
    """A value without an interval."""
    nan = math.nan
    return Estimate(value=value, deviation=nan, low=nan, high=nan, level=level, rows=rows, method=method)


def wilson(part: float, whole: float, level: float = LEVEL) -> Estimate:
    """A proportion with Wilson's score interval (JASA 22, 1927; Newcombe, Stat. Med. 17, 1998, method 3)."""
    if whole <= 0:
        return unknown(math.nan, level=level, rows=0, method="Wilson")
    share, square = part / whole, two_sided(level) ** 2
    centre = (part + square / 2) / (whole + square)
    half = math.sqrt(square * (whole * share * (1 - share) + square / 4)) / (whole + square)
    return Estimate(
        value=share, deviation=math.sqrt(share * (1 - share) / whole), low=max(0.0, min(share, centre - half)),
        high=min(1.0, max(share, centre + half)), level=level, rows=whole, method="Wilson",
    )  # fmt: skip


def f1_interval(tp: float, errors: float, level: float = LEVEL) -> Estimate:
    """F1 with Wilson's interval of the proportion J = tp / (tp + fp + fn), of which it is the function 2J / (1 + J).

    Source: Hand, Christen and Kirielle, "F*: an interpretable transformation of the F-measure" (Machine Learning 110,
    2021).
    """
    return transformed(
        wilson(tp, tp + errors, level),
        lambda j: 2 * j / (1 + j),
        slope=lambda j: 2 / (1 + j) ** 2,
        method="Wilson of F*",
    )


def mean(value: float, variance: float, rows: float, level: float = LEVEL) -> Estimate:
    """A mean of values a row with Student's interval; ``variance`` is that of the rows, by n."""
    if rows < 2:
        return unknown(value, level=level, rows=rows, method="Student")
    deviation = math.sqrt(max(variance, 0.0) / (rows - 1))
    half = student_quantile((1 + level) / 2, rows - 1) * deviation
    return Estimate(
        value=value, deviation=deviation, low=value - half, high=value + half, level=level, rows=rows, method="Student"
    )


def normal(value: float, deviation: float, *, rows: float, level: float, method: str) -> Estimate:
    """A value with as many standard errors on each side as the normal distribution asks for."""
    half = two_sided(level) * deviation
    return Estimate(
        value=value, deviation=deviation, low=value - half, high=value + half, level=level, rows=rows, method=method
    )


def logit(value: float, deviation: float, *, rows: float, level: float, method: str) -> Estimate:
    """A value between 0 and 1 with an interval that stays there: normal on the scale of ln(v / (1 - v)).

    At 0 and at 1, where the sample shows no variance, it is Wilson's interval of as many rows.
    """
    if not 0 < value < 1 or deviation <= 0:
        edge = wilson(value * rows, rows, level)
        return Estimate(
            value=value, deviation=deviation, low=edge.low, high=edge.high, level=level, rows=rows, method="Wilson"
        )
    centre, half = math.log(value / (1 - value)), two_sided(level) * deviation / (value * (1 - value))
    low, high = (_logistic(centre + side * half) for side in (-1, 1))
    return Estimate(value=value, deviation=deviation, low=low, high=high, level=level, rows=rows, method=method)


def _logistic(x: float) -> float:
    """1 / (1 + exp(-x)), however large x is on either side."""
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def transformed(
    estimate: Estimate, function: Callable[[float], float], *, slope: Callable[[float], float], method: str
) -> Estimate:
    """The estimate of an increasing function of a value, with the function's interval ends."""
    value, low, high = (function(each) for each in (estimate.value, estimate.low, estimate.high))
    return Estimate(
        value=value, deviation=estimate.deviation * abs(slope(estimate.value)), low=low, high=high,
        level=estimate.level, rows=estimate.rows, method=method,
    )  # fmt: skip


def combined(first: Estimate, second: Estimate, by: tuple[float, float]) -> Estimate:
    """A sum of two independent values, each times a factor, by squaring and adding the distances to their ends.

    Source: Newcombe (Statistics in Medicine 17, 1998, 873-890, method 10, for the difference of two proportions);
    Zou and Donner (Statistics in Medicine 27, 2008) in general.
    """
    value = by[0] * first.value + by[1] * second.value
    ends = [sorted((factor * each.low, factor * each.high)) for factor, each in zip(by, (first, second), strict=True)]
    points = (by[0] * first.value, by[1] * second.value)
    down = math.hypot(*(point - low for point, (low, _) in zip(points, ends, strict=True)))
    up = math.hypot(*(high - point for point, (_, high) in zip(points, ends, strict=True)))
    return Estimate(
        value=value, deviation=math.hypot(by[0] * first.deviation, by[1] * second.deviation), low=value - down,
        high=value + up, level=first.level, rows=first.rows + second.rows, method="square and add",
    )  # fmt: skip


def difference(first: Estimate, second: Estimate) -> Estimate:
    """``first`` - ``second`` of two independent samples."""
    return combined(first, second, (1, -1))
