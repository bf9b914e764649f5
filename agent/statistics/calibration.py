"""Asks whether a probability of 0.3 means that it happens in three of ten cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import dot, ratio
from agent.statistics.bootstrap import DEFAULT, Plan, percentiles
from agent.statistics.curves import between

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Codes, Floats
    from agent.statistics.intervals import Estimate
    from agent.statistics.tally import ScoreTally


class Bins(StrEnum):
    """How probabilities are put into bins."""

    EQUAL_WIDTH = "equal width"
    EQUAL_MASS = "equal mass"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """By bin, shape (bins,): rows or weights of both classes, and the sums of their scores; empty bins are left out."""

    positives: Floats
    negatives: Floats
    positive_scores: Floats
    negative_scores: Floats

    @property
    def counts(self) -> Floats:
        """All rows of each bin."""
        return self.positives + self.negatives

    @property
    def predicted(self) -> Floats:
        """The mean probability of each bin."""
        return ratio(self.positive_scores + self.negative_scores, self.counts)

    @property
    def observed(self) -> Floats:
        """The share of positive rows of each bin."""
        return ratio(self.positives, self.counts)


@dataclass(frozen=True, kw_only=True)
class BrierParts:
    """brier = reliability - resolution + uncertainty + within_bins.

    Murphy (Journal of Applied Meteorology 12, 1973); what bins leave out, Stephenson et al. (Weather and Forecasting
    23, 2008). Reliability is 0 for a calibrated model, resolution is how much it tells apart, uncertainty is of the
    data.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float


def calibration(tally: ScoreTally, bins: int = 15, kind: Bins = Bins.EQUAL_WIDTH) -> Calibration:
    """The bins of a tally whose scores are probabilities."""
    at = _by_mass(tally, bins) if kind is Bins.EQUAL_MASS else _by_width(tally, bins)
    classes = (tally.positives, tally.negatives)
    parts = [between(each, at) for each in classes] + [_score_sums(tally.scores, each, at) for each in classes]
    filled = parts[0] + parts[1] > 0
    names = ("positives", "negatives", "positive_scores", "negative_scores")
    return Calibration(**{name: part[filled] for name, part in zip(names, parts, strict=True)})


def ece(bins: Calibration) -> float:
    """The expected calibration error: the mean distance of predicted and observed share, by rows.

    Source: Naeini, Cooper and Hauskrecht (AAAI, 2015).
    """
    return float(np.abs(bins.observed - bins.predicted) @ bins.counts / bins.counts.sum())


def ece_interval(bins: Calibration, rows: float, plan: Plan = DEFAULT) -> Estimate:
    """The expected calibration error with the interval of a bootstrap over bins and classes.

    The error of finite rows is the true one and at most what the rows' chance adds in all bins together (the triangle
    inequality), so the lower end is below the value by a high percentile of that: 0 for a calibrated model. The upper
    end is the percentile of resamples, which are higher by their own chance, and errs on the side of caution.
    """
    counts = np.concatenate([bins.positives, bins.negatives])
    means = np.nan_to_num(ratio(np.concatenate([bins.positive_scores, bins.negative_scores]), counts))
    scale = rows / float(counts.sum())
    drawn = np.random.default_rng(plan.seed).poisson(counts * scale, size=(plan.resamples, len(counts)))
    gaps = _gaps(drawn, means)
    found = percentiles(ece(bins), np.abs(gaps).sum(axis=1), rows=rows, plan=plan)
    if not found.known:
        return found
    chance = float(np.nanquantile(np.abs(gaps - _gaps(counts, means)).sum(axis=1), (1 + plan.level) / 2))
    return replace(found, low=max(0.0, found.value - chance), high=max(found.value, found.high))


def _gaps(counts: ArrayLike, means: Floats) -> Floats:
    """By bin, positive rows less the scores of all rows, as a share; the counts are of positives, negatives."""
    at = np.asarray(counts, dtype=np.float64)
    positives, negatives = np.split(at, 2, axis=-1)
    of_positives, of_negatives = np.split(means, 2)
    gaps = positives * (1 - of_positives) - negatives * of_negatives
    return ratio(gaps, at.sum(axis=-1, keepdims=True))


def brier_parts(brier: float, bins: Calibration) -> BrierParts:
    """A Brier score by its causes, with the bins of the same rows."""
    share = bins.counts / bins.counts.sum()
    rate = float(bins.positives.sum() / bins.counts.sum())
    reliability = float(share @ np.square(bins.predicted - bins.observed))
    resolution = float(share @ np.square(bins.observed - rate))
    uncertainty = rate * (1 - rate)
    return BrierParts(
        brier=brier, reliability=reliability, resolution=resolution, uncertainty=uncertainty,
        within_bins=brier - reliability + resolution - uncertainty,
    )  # fmt: skip


def _score_sums(scores: Floats, counts: Floats, at: Codes) -> Floats:
    return np.array([dot(scores[start:end], counts[start:end]) for start, end in pairwise(at)])


def _by_width(tally: ScoreTally, bins: int) -> Codes:
    """Bins [0, 1/bins), …, with 1 in the last."""
    inner = np.searchsorted(tally.scores, np.arange(1, bins) / bins)
    return np.concatenate([[0], inner, [len(tally.scores)]])


def _by_mass(tally: ScoreTally, bins: int) -> Codes:
    """Bins of as equal a number of rows as equal scores, which stay together, allow."""
    summed = np.cumsum(tally.positives + tally.negatives)
    inner = np.searchsorted(summed, summed[-1] * np.arange(1, bins) / bins) + 1
    return np.unique(np.concatenate([[0], inner, [len(summed)]]))
