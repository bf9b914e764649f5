"""Resamples two models' scores of the same rows, for metrics that have no formula for their difference.

Rows that fall into the same cell (label, bin of one score, bin of the other) are drawn together: a resample is a table
of Poisson counts, whatever the number of rows (Chamandy et al., "Estimating uncertainty for massive data streams",
Google, 2012). With no more distinct scores than bins, every score is its own bin and the bootstrap is exact; else the
resamples are shifted so that they are about the exact value. A cell of rows with weights is drawn as so many equal
ones as have its weight and its sum of squared weights, which are the mean and the variance of rows drawn one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.comparisons import Comparison
from agent.statistics.intervals import LEVEL, Estimate, unknown
from agent.statistics.tally import ScoreTally, tally
from agent.statistics.weighing import effective

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Bools, Codes, Floats

    Metric = Callable[[ScoreTally], Floats]
    """A function of a tally with leading axes, as in ``score_metrics``, or ``lambda t: t.confusion(0.5).f1``."""

BINS = 100
RESAMPLES = 1000
_DRAWS = 1 << 21
"""Poisson counts that are held at once: 16 MiB."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to resample: ``resamples`` times, in ``bins`` of each score, from ``seed``.

    ``thresholds`` are edges of bins, so that decisions by them are exact.
    """

    resamples: int = RESAMPLES
    bins: int = BINS
    seed: int = 0
    thresholds: Sequence[float] = (0.5,)
    level: float = LEVEL


DEFAULT = Plan()


def compare(
    metric: Metric,
    labels: ArrayLike,
    champion: ArrayLike,
    candidate: ArrayLike,
    plan: Plan = DEFAULT,
    *,
    weights: Floats | None = None,
) -> Comparison:
    """A metric of two models on the same rows, each array of shape (n,), with the percentile interval.

    The p value is twice the share of resamples on the wrong side of 0 (at least 2 / (resamples + 1)).
    """
    truth = arrays.binary(labels)
    scores = [arrays.finite(champion, "champion's score"), arrays.finite(candidate, "candidate's score")]
    arrays.same_length(label=truth, champion=scores[0], candidate=scores[1], weight=weights)
    exact = [float(metric(tally(truth, each, weights))) for each in scores]
    drawn = _resampled(metric, truth, scores, plan, weights)
    resamples = exact[1] - exact[0] + (drawn[1] - drawn[0])
    rows = float(len(truth)) if weights is None else effective(weights)
    difference = percentiles(exact[1] - exact[0], resamples, rows=rows, plan=plan)
    return Comparison(champion=exact[0], candidate=exact[1], difference=difference, p_value=_p(resamples))


def interval(metric: Metric, labels: ArrayLike, scores: ArrayLike, plan: Plan = DEFAULT) -> Estimate:
    """A metric of one model with the percentile interval; each argument of shape (n,)."""
    truth, values = arrays.binary(labels), arrays.finite(scores, "score")
    arrays.same_length(label=truth, score=values)
    exact = float(metric(tally(truth, values)))
    (drawn,) = _resampled(metric, truth, [values], plan)
    return percentiles(exact, exact + drawn, rows=len(truth), plan=plan)


def percentiles(value: float, resamples: Floats, *, rows: float, plan: Plan) -> Estimate:
    """The estimate of a value whose resamples are given, shape (resamples,); those that are NaN tell nothing."""
    seen = resamples[np.isfinite(resamples)]
    if len(seen) < 0.9 * len(resamples):
        return unknown(value, level=plan.level, rows=rows, method="bootstrap")
    low, high = np.quantile(seen, [(1 - plan.level) / 2, (1 + plan.level) / 2])
    return Estimate(
        value=value, deviation=float(seen.std(ddof=1)), low=float(low), high=float(high), level=plan.level, rows=rows,
        method="bootstrap",
    )  # fmt: skip


def _p(resamples: Floats) -> float:
    """Twice the smaller share of resamples on either side of 0, where 0 itself counts for both."""
    seen = resamples[np.isfinite(resamples)]
    if not len(seen):
        return math.nan
    side = min(int(np.count_nonzero(seen <= 0)), int(np.count_nonzero(seen >= 0)))
    return min(1.0, 2 * (side + 1) / (len(seen) + 1))


@dataclass(frozen=True, kw_only=True)
class _Binned:
    """A score by bins: the bin of each row, and the mean score of each bin."""

    codes: Codes
    means: Floats


def _binned(scores: Floats, plan: Plan) -> _Binned:
    """Bins of about as many rows each, with ``thresholds`` among their edges."""
    edges = np.unique(scores) if len(scores) <= plan.bins else _edges(scores, plan)
    codes = np.searchsorted(edges, scores, side="right") - 1
    counts: Floats = np.bincount(codes, minlength=len(edges)).astype(np.float64)
    sums: Floats = np.bincount(codes, weights=scores, minlength=len(edges)).astype(np.float64, copy=False)
    means = np.where(counts > 0, arrays.ratio(sums, counts), edges)
    # The mean of equal scores may be rounded to the other side of a threshold that is this very score.
    last = np.nextafter(np.append(edges[1:], np.inf), -np.inf)
    return _Binned(codes=codes, means=np.clip(means, edges, last))


def _edges(scores: Floats, plan: Plan) -> Floats:
    """The lower edges of bins: distinct scores if there are few, else quantiles of a sample of rows."""
    sample = scores if len(scores) <= 1 << 16 else scores[:: len(scores) >> 16]
    few = np.unique(sample)
    if len(few) <= plan.bins:
        few = np.unique(scores)
    if len(few) > plan.bins:
        few = np.unique(np.quantile(sample, np.linspace(0, 1, plan.bins + 1)[:-1], method="lower"))
    return np.unique(np.concatenate([few, plan.thresholds, [min(float(scores.min()), few[0])]]))


def _resampled(
    metric: Metric, truth: Bools, scores: list[Floats], plan: Plan, weights: Floats | None = None
) -> list[Floats]:
    """For each model, how far the metric of each resample is from that of the sample, both by bins; (resamples,)."""
    binned = [_binned(each, plan) for each in scores]
    cell = truth.astype(np.int64)
    for each in binned:
        cell *= len(each.means)
        cell += each.codes
    counts = np.bincount(cell, weights)
    cells = np.flatnonzero(counts)
    layout, rest = [], cells
    for each in reversed(binned):
        layout.append(rest % len(each.means))
        rest = rest // len(each.means)
    sides = [
        _Side(means=each.means, bins=codes, positive=rest == 1)
        for each, codes in zip(binned, reversed(layout), strict=True)
    ]
    observed = counts[cells].astype(np.float64, copy=False)
    each_weighs = np.ones(1) if weights is None else np.bincount(cell, np.square(weights))[cells] / observed
    centres = [float(metric(side.tally(observed))) for side in sides]
    generator = np.random.default_rng(plan.seed)
    parts: list[list[Floats]] = [[] for _ in sides]
    at_once = max(1, _DRAWS // len(cells))
    for start in range(0, plan.resamples, at_once):
        size = (min(at_once, plan.resamples - start), len(cells))
        drawn: Floats = generator.poisson(observed / each_weighs, size=size) * each_weighs
        for part, side, centre in zip(parts, sides, centres, strict=True):
            part.append(metric(side.tally(drawn)) - centre)
    return [np.concatenate(part) for part in parts]


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One model's view of the cells: the bin and the class of each, shape (cells,)."""

    means: Floats
    bins: Codes
    positive: Bools

    def tally(self, counts: Floats) -> ScoreTally:
        """The tally of counts of shape (..., cells)."""
        first = counts.reshape(-1, counts.shape[-1])[0]
        return ScoreTally(
            scores=self.means,
            positives=self._sums(counts, self.positive),
            negatives=self._sums(counts, ~self.positive),
            squares=(float(first[self.positive].sum()), float(first[~self.positive].sum())),
        )

    def _sums(self, counts: Floats, of: Bools) -> Floats:
        """Sums over the cells of one class in each bin, shape (..., bins)."""
        chosen = np.flatnonzero(of)
        order = chosen[np.argsort(self.bins[chosen], kind="stable")]
        summed = np.zeros((*counts.shape[:-1], len(self.means)))
        if len(order):
            bins = self.bins[order]
            starts = np.flatnonzero(np.diff(bins, prepend=-1))
            summed[..., bins[starts]] = np.add.reduceat(counts[..., order], starts, axis=-1)
        return summed
