"""Says how many rows a question needs, so that "not enough data" comes with a number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.statistics.distributions import normal_quantile

if TYPE_CHECKING:
    from agent.statistics.intervals import Estimate


def rows_for_difference(
    estimate: Estimate, distance: float, *, half: float | None = None, power: float = 0.8
) -> int | None:
    """Rows like those of the estimate that show with ``power`` that it is ``distance`` (> 0) from a value, one-sided.

    ``half`` is how far the interval reaches to that side, if not as many standard errors as the level asks for. What is
    more, as that of a share of 1 without a standard error, shrinks with the rows, and not with their root: n is solved
    of (z of the level + z of the power) · standard error · √(rows / n) + more · rows / n = distance. None where the
    standard error is unknown.
    """
    if not math.isfinite(estimate.deviation) or distance <= 0:
        return None
    z = normal_quantile((1 + estimate.level) / 2)
    more = max(0.0, half - z * estimate.deviation) if half is not None else 0.0
    by_root = (z + normal_quantile(power)) * estimate.deviation
    root = (by_root + math.sqrt(by_root**2 + 4 * more * distance)) / (2 * distance)
    # Wilson's interval of a share of 0 or 1 is z² / (n + z²) wide.
    shift = 0.0 if estimate.deviation else z**2
    return _whole((estimate.rows + shift) * root**2 - shift)


def rows_for_width(estimate: Estimate, half: float) -> int | None:
    """Rows like those of the estimate that make its interval reach ``half`` (> 0) to each side."""
    if not math.isfinite(estimate.deviation) or half <= 0:
        return None
    z = normal_quantile((1 + estimate.level) / 2)
    return _whole(estimate.rows * (z * estimate.deviation / half) ** 2)


def rows_for_proportions(first: float, second: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """Rows in each of two independent groups that tell two proportions apart, two-sided.

    Source: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions (3rd edition, 2003), formula 4.14,
    without correction for continuity.
    """
    mean = (first + second) / 2
    z, of_power = normal_quantile((1 + level) / 2), normal_quantile(power)
    spread = z * math.sqrt(2 * mean * (1 - mean))
    spread += of_power * math.sqrt(first * (1 - first) + second * (1 - second))
    return _whole((spread / (first - second)) ** 2)


def _whole(rows: float) -> int:
    return max(1, math.ceil(rows - 1e-9))
