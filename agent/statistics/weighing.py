"""Takes means of rows that count by their weights, and says how precise these are.

The variance is that of the linearised mean, as of a survey's sample (Särndal, Swensson and Wretman, "Model Assisted
Survey Sampling", 1992, section 5.7): a row with a large weight and an unusual value makes the mean as uncertain as it
is, whatever the others are. Rows are worth their effective number (Kish, "Survey Sampling", 1965).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import dot, squares

if TYPE_CHECKING:
    from agent.statistics.arrays import Floats


def effective(weights: Floats) -> float:
    """How many rows of equal weight these are worth: (sum of w)² / (sum of w²)."""
    return float(weights.sum() ** 2 / dot(weights, weights))


def average(values: Floats, weights: Floats | None = None) -> float:
    """The mean of rows."""
    if weights is None:
        return float(values.mean())
    return float(dot(weights, values) / weights.sum())


def moments(values: Floats, weights: Floats | None = None) -> tuple[float, float, float]:
    """The mean of rows, their variance, and their number, as ``intervals.mean`` takes them.

    With weights the variance is scaled so that it is the mean's if it is divided by the effective number.
    """
    if weights is None:
        return float(values.mean()), float(values.var()), float(len(values))
    rows, value = effective(weights), average(values, weights)
    shares = weights / weights.sum()
    return value, rows * float(squares(values - value, np.square(shares))), rows
