"""Decides what a paired difference proves: better, not worse than by a margin, or nothing yet for want of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.statistics.distributions import normal_quantile, normal_tail
from agent.statistics.sample_size import rows_for_difference

if TYPE_CHECKING:
    from agent.statistics.intervals import Estimate


class Conclusion(StrEnum):
    """What the data say of a claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    """The whole interval contradicts the claim: more rows would not help."""
    NOT_ENOUGH_DATA = "not enough data"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """That the candidate is better than the champion by more than ``effect``, in the metric's unit and good direction.

    0 is superiority, a positive effect a minimum effect, a negative one non-inferiority within that margin. An
    ``inclusive`` claim is of the effect, too, and not only of more.
    """

    effect: float = 0.0
    greater_is_better: bool = True
    inclusive: bool = False


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a claim: in the metric's good direction, ``gain`` with its interval, and the ``claimed`` effect.

    ``p_value`` is one-sided, of the hypothesis that the gain is no more than claimed. ``rows_needed`` is how many rows
    like these would prove the claim with a power of 80 %, if the gain is what was seen; None where that is less than
    claimed.
    """

    conclusion: Conclusion
    gain: float
    low: float
    high: float
    claimed: float
    p_value: float
    rows: float
    rows_needed: int | None


def examine(difference: Estimate, claim: Claim, *, power: float = 0.8) -> Finding:
    """Hold a claim against the difference, candidate - champion, at the level of its interval.

    The bound that must clear the claim is an end of the two-sided interval: an interval of 95 % makes a one-sided
    test at 2.5 %, as is the custom for non-inferiority (ICH E9, 1998).
    """
    sign = 1 if claim.greater_is_better else -1
    gain = sign * difference.value
    low, high = sorted((sign * difference.low, sign * difference.high))
    distance = gain - claim.effect
    needed = rows_for_difference(difference, distance, half=gain - low, power=power) if distance > 0 else None
    return Finding(
        conclusion=_conclusion(low, high, claim), gain=gain, low=low, high=high, claimed=claim.effect,
        p_value=_one_sided(difference, distance), rows=difference.rows, rows_needed=needed,
    )  # fmt: skip


def examine_threshold(
    estimate: Estimate, required: float, *, greater_is_better: bool = True, inclusive: bool = True
) -> Finding:
    """Hold one model's value against a threshold that its confidence bound must reach, or else clear."""
    sign = 1 if greater_is_better else -1
    claim = Claim(effect=sign * required, greater_is_better=greater_is_better, inclusive=inclusive)
    return examine(estimate, claim)


def needed_level(tests: int, level: float) -> float:
    """The level of each of several intervals that hold together at ``level`` (Bonferroni)."""
    return 1 - (1 - level) / tests


def _conclusion(low: float, high: float, claim: Claim) -> Conclusion:
    if not (math.isfinite(low) and math.isfinite(high)):
        return Conclusion.NOT_ENOUGH_DATA
    if low > claim.effect or (claim.inclusive and low == claim.effect):
        return Conclusion.PROVED
    refuted = high < claim.effect or (not claim.inclusive and high == claim.effect)
    return Conclusion.REFUTED if refuted else Conclusion.NOT_ENOUGH_DATA


def _one_sided(difference: Estimate, distance: float) -> float:
    """By the side of the interval that faces the claim, which is right for intervals that are not symmetric, too."""
    if not difference.known:
        return math.nan
    half = abs(difference.value - difference.low) if distance > 0 else abs(difference.high - difference.value)
    if half == 0:
        return 0.0 if distance > 0 else 1.0
    return normal_tail(distance / half * normal_quantile((1 + difference.level) / 2))
