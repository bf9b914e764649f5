"""Says how many rows a question needs, so that "not enough data" comes with a number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.statistics.distributions import normal_quantile

if TYPE_CHECKING:
    from agent.statistics.intervals import Estimate


def rows_for_difference(estimate: Estimate, distance: float, *, power: float = 0.8) -> int | None:
    """Rows like those of the estimate that show with ``power`` that it is ``distance`` (> 0) from a value, one-sided.

    n ((z of the level + z of the power) · standard error / distance)²; None where the standard error is unknown.
    """
    if not math.isfinite(estimate.deviation) or distance <= 0:
        return None
    z = normal_quantile((1 + estimate.level) / 2) + normal_quantile(power)
    return _whole(estimate.rows * (z * estimate.deviation / distance) ** 2)


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
