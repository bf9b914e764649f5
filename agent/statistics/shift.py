"""Tells whether two data sets are alike: labels by a test, any column by its population stability index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import UnusablePredictionsError, finite
from agent.statistics.distributions import chi_square_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Floats

_LEAST = 1e-4
"""The share that an empty bin counts for in the index, which would else be infinite."""


@dataclass(frozen=True, kw_only=True)
class HomogeneityTest:
    """Pearson's chi-square test that two samples have the same shares; ``largest`` is the largest difference of shares.

    With many rows any difference is significant: ``largest`` says whether it matters. ``reliable`` is Cochran's rule
    (Biometrics 10, 1954): no expected count below 1, and at most a fifth of them below 5.
    """

    statistic: float
    freedom: int
    p_value: float
    largest: float
    reliable: bool


def homogeneity(first: ArrayLike, second: ArrayLike) -> HomogeneityTest:
    """From counts of the same classes in two samples, each of shape (classes,); classes in neither are left out.

    For two classes it is the test of two proportions, without correction for continuity.
    """
    table = _counts(first, second)
    rows, columns = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    expected = rows * columns / table.sum()
    statistic = float((np.square(table - expected) / expected).sum())
    freedom = table.shape[1] - 1
    return HomogeneityTest(
        statistic=statistic, freedom=freedom, p_value=chi_square_tail(statistic, freedom) if freedom else 1.0,
        largest=float(np.abs(table[0] / rows[0] - table[1] / rows[1]).max()),
        reliable=bool(expected.min() >= 1 and np.mean(expected < 5) <= 0.2),
    )  # fmt: skip


def psi(first: ArrayLike, second: ArrayLike) -> float:
    """The population stability index of counts in the same bins, shape (bins,): the sum of (q - p) ln(q / p).

    Source: Siddiqi, Credit Risk Scorecards (2006), whose rule of thumb is: below 0.1 no change, above 0.25 a large one.
    """
    table = _counts(first, second)
    shares = np.maximum(table / table.sum(axis=1, keepdims=True), _LEAST)
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def psi_by_chance(index: float, rows: tuple[int, int], bins: int) -> float:
    """How likely such an index or a larger one is of two samples of the same distribution, of so many rows each.

    The index over (1 / n + 1 / m) is then about chi-square with ``bins`` - 1 degrees of freedom, for bins that occur
    (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020): in few rows a large index means nothing.
    """
    if bins < 2:
        return 1.0
    return chi_square_tail(index / (1 / rows[0] + 1 / rows[1]), bins - 1)


def psi_of_values(first: ArrayLike, second: ArrayLike, bins: int = 10) -> float:
    """The index of two samples of numbers, in bins of equal numbers of rows of the first."""
    base, other = finite(first, "first"), finite(second, "second")
    edges = np.unique(np.quantile(base, np.arange(1, bins) / bins))
    counts = [
        np.bincount(np.searchsorted(edges, each, side="right"), minlength=len(edges) + 1) for each in (base, other)
    ]
    return psi(*counts)


def _counts(first: ArrayLike, second: ArrayLike) -> Floats:
    """Both samples' counts, shape (2, classes that occur)."""
    if len(np.asarray(first)) != len(np.asarray(second)):
        raise UnusablePredictionsError("both samples need a count for each of the same classes")
    table = np.array([first, second], np.float64)
    if not (table.sum(axis=1) > 0).all():
        raise UnusablePredictionsError("one of the samples has no rows")
    return table[:, table.sum(axis=0) > 0]
