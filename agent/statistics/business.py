"""Turns decisions into money: what a threshold is worth, and which is worth most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.intervals import LEVEL, Estimate, mean

if TYPE_CHECKING:
    from agent.statistics.arrays import Floats
    from agent.statistics.confusion import Confusion
    from agent.statistics.tally import ScoreTally


@dataclass(frozen=True, kw_only=True)
class Values:
    """What one row of each kind brings, in any currency; costs are negative."""

    true_positive: float = 0.0
    false_positive: float = 0.0
    false_negative: float = 0.0
    true_negative: float = 0.0


@dataclass(frozen=True, kw_only=True)
class BestThreshold:
    """The threshold with the highest expected value a row, taken by a score of it or more; infinite: select nobody.

    It was chosen on the same rows, so that ``expected`` is a little too good; measure it on others where that matters.
    """

    threshold: float
    expected: Estimate


def expected_value(confusion: Confusion, values: Values, *, scale: float = 1, level: float = LEVEL) -> Estimate:
    """The mean value of a row; ``scale`` is how many rows a unit of the confusion is worth."""
    counts = np.array([confusion.tp, confusion.fp, confusion.fn, confusion.tn], np.float64)
    each = np.array([values.true_positive, values.false_positive, values.false_negative, values.true_negative])
    total = float(counts.sum())
    average = float(counts @ each) / total
    return mean(average, float(counts @ np.square(each - average)) / total, total * scale, level)


def best_threshold(tally: ScoreTally, values: Values, level: float = LEVEL) -> BestThreshold:
    """Of all distinct scores, and infinity, the threshold that is worth most; the highest of several that are equal."""
    worth = _worth(tally, values)
    nobody = float(tally.positive) * values.false_negative + float(tally.negative) * values.true_negative
    best = len(worth) - 1 - int(np.argmax(worth[::-1]))
    threshold = float(tally.scores[best]) if worth[best] > nobody else float("inf")
    expected = expected_value(tally.confusion(threshold), values, scale=tally.scale, level=level)
    return BestThreshold(threshold=threshold, expected=expected)


def _worth(tally: ScoreTally, values: Values) -> Floats:
    """The sum of values at each score as threshold, shape (k,)."""
    worth = tally.hits * (values.true_positive - values.false_negative)
    worth += tally.alarms * (values.false_positive - values.true_negative)
    worth += float(tally.positive) * values.false_negative + float(tally.negative) * values.true_negative
    return worth
