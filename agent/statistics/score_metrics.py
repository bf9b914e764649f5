"""Measures scores without a threshold, from a tally alone, so that a sample and its resamples are measured alike.

Each function answers shape (...), the leading axes of the tally; NaN where the metric is undefined for want of a class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import dot, ratio

if TYPE_CHECKING:
    from agent.statistics.arrays import Floats
    from agent.statistics.tally import ScoreTally

_SMALLEST = float(np.finfo(np.float64).eps)
"""What a probability is kept away from 0 and 1 by in a log loss, as scikit-learn does."""


def auc(tally: ScoreTally) -> Floats:
    """The area under the ROC curve: how often a positive row has the higher score, ties by half (Mann and Whitney)."""
    beating = dot(tally.hits, tally.negatives) - dot(tally.positives, tally.negatives) / 2
    return ratio(beating, tally.positive * tally.negative)


def average_precision(tally: ScoreTally) -> Floats:
    """The area under the precision-recall curve by steps, as scikit-learn's ``average_precision_score``.

    By what is lacking to 1, so that the rounded weights of a perfect model give 1.
    """
    lacking = tally.hits + tally.alarms
    np.divide(tally.alarms, lacking, out=lacking, where=lacking > 0)
    return 1 - ratio(dot(lacking, tally.positives), tally.positive)


def log_loss(tally: ScoreTally) -> Floats:
    """The mean of -ln of the probability that was given to the truth, in nats; scores are probabilities."""
    return _mean(tally, *log_losses(tally.scores))


def brier(tally: ScoreTally) -> Floats:
    """The mean squared difference of probability and truth (Brier, Monthly Weather Review 78, 1950)."""
    return _mean(tally, *squared_errors(tally.scores))


def log_losses(scores: Floats) -> tuple[Floats, Floats]:
    """A row's loss at each score, if it is positive and if it is negative."""
    inside = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
    if_positive = np.log(inside)
    if_negative = np.log(np.subtract(1, inside, out=inside), out=inside)
    return np.negative(if_positive, out=if_positive), np.negative(if_negative, out=if_negative)


def squared_errors(scores: Floats) -> tuple[Floats, Floats]:
    """A row's squared error at each score, if it is positive and if it is negative."""
    return np.square(1 - scores), np.square(scores)


def _mean(tally: ScoreTally, if_positive: Floats, if_negative: Floats) -> Floats:
    return (dot(tally.positives, if_positive) + dot(tally.negatives, if_negative)) / tally.total
