"""Tails and quantiles of the distributions that tests need: scipy has them, and is 100 MB.

Continued fractions after Press et al., Numerical Recipes (3rd edition, 6.2 and 6.4), by Lentz's method.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NORMAL = NormalDist()
_TINY = 1e-300
_LARGE = 10_000
"""Degrees of freedom from which Student's quantiles are expanded about the normal ones (Fisher and Cornish,
Technometrics 2, 1960): the error is below 1e-9."""


def two_sided(level: float) -> float:
    """The normal quantile that leaves (1 - level) / 2 on each side."""
    return _NORMAL.inv_cdf((1 + level) / 2)


def normal_quantile(probability: float) -> float:
    """Where the normal distribution has so much below."""
    return _NORMAL.inv_cdf(probability)


def normal_tail(z: float) -> float:
    """How much of the normal distribution is above ``z``."""
    return math.erfc(z / math.sqrt(2)) / 2


def chi_square_tail(statistic: float, freedom: int) -> float:
    """How much of the chi-square distribution is above a statistic."""
    if statistic <= 0:
        return 1.0
    a, x = freedom / 2, statistic / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x >= a + 1:
        terms = ((-i * (i - a), x + 2 * i + 1 - a) for i in range(1, 10_000))
        return scale / _fraction(x + 1 - a, terms)
    term = total = 1 / a
    while abs(term) > total * 1e-16:
        a += 1
        term *= x / a
        total += term
    return 1 - scale * total


def beta_tail(x: float, a: float, b: float) -> float:
    """How much of the beta distribution is below ``x``: the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_tail(1 - x, b, a)
    scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return scale / (a * _fraction(1.0, _beta_terms(x, a, b)))


def student_quantile(probability: float, freedom: float) -> float:
    """Where Student's t distribution has so much below, for probabilities of a half or more.

    By Newton's method from the normal quantile, which is lower: there the tail is convex, and no step goes too far.
    """
    if freedom <= 0:
        return math.inf
    t = normal_quantile(probability)
    if freedom > _LARGE:
        return t + (t**3 + t) / (4 * freedom) + (5 * t**5 + 16 * t**3 + 3 * t) / (96 * freedom**2)
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi * freedom)
    for _ in range(200):
        density = scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2)
        step = (_student_tail(t, freedom) - (1 - probability)) / density
        t += step
        if abs(step) <= 1e-12 * t:
            break
    return t


def _student_tail(t: float, freedom: float) -> float:
    return beta_tail(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def binomial_tail(successes: int, trials: int, share: float = 0.5) -> float:
    """How likely so many successes or fewer are."""
    return 1.0 if successes >= trials else beta_tail(1 - share, trials - successes, successes + 1)


def _beta_terms(x: float, a: float, b: float) -> Iterable[tuple[float, float]]:
    for m in range(10_000):
        if m:
            yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1.0
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0


def _fraction(start: float, terms: Iterable[tuple[float, float]]) -> float:
    """The continued fraction start + a1 / (b1 + a2 / (b2 + …))."""
    value = numerator = start or _TINY
    denominator = 0.0
    for a, b in terms:
        denominator = 1 / ((b + a * denominator) or _TINY)
        numerator = (b + a / numerator) or _TINY
        value *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-15:
            break
    return value
