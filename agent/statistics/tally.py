"""Counts both classes at every distinct score, because every binary metric is a function of these counts.

One sort a class finds them, exactly and with ties. Tallies of shards merge into the tally of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics import arrays
from agent.statistics.confusion import Confusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from agent.statistics.arrays import Bools, Floats


@dataclass(frozen=True, kw_only=True)
class ScoreTally:
    """The rows of each class at each score.

    ``scores`` has shape (k,) and ascends. ``positives`` and ``negatives`` have shape (..., k): numbers of rows, or sums
    of their weights; leading axes are resamples. ``squares`` are the sums of squared weights of both classes, or their
    numbers of rows.
    """

    scores: Floats
    positives: Floats
    negatives: Floats
    squares: tuple[float, float]

    @property
    def rows(self) -> float:
        """The rows of one sample, or Kish's effective number (Survey Sampling, 1965), (sum of w)² / (sum of w²)."""
        return float(self.total) ** 2 / sum(self.squares)

    @property
    def effective(self) -> tuple[float, float]:
        """The same of the positive and of the negative class, whose weights may differ."""
        positive, negative = (
            float(whole) ** 2 / squared if squared else 0.0
            for whole, squared in zip((self.positive, self.negative), self.squares, strict=True)
        )
        return positive, negative

    @cached_property
    def positive(self) -> Floats:
        """All of the positive class, shape (...)."""
        return np.asarray(self.positives.sum(axis=-1))

    @cached_property
    def negative(self) -> Floats:
        """All of the negative class, shape (...)."""
        return np.asarray(self.negatives.sum(axis=-1))

    @cached_property
    def hits(self) -> Floats:
        """The positive rows with each score or a higher one, shape (..., k)."""
        return _above(self.positives)

    @cached_property
    def alarms(self) -> Floats:
        """The negative rows with each score or a higher one, shape (..., k)."""
        return _above(self.negatives)

    @property
    def total(self) -> Floats:
        """All rows, or their weights, shape (...)."""
        return self.positive + self.negative

    @property
    def scale(self) -> float:
        """Effective rows for each unit of weight; 1 where rows have no weights."""
        return float(self.total) / sum(self.squares)

    def confusion(self, threshold: float) -> Confusion:
        """What is right and wrong where a score of ``threshold`` or more is taken for the positive class."""
        at = int(np.searchsorted(self.scores, threshold))
        hit, alarm, missed, quiet = (
            np.asarray(each[..., part].sum(axis=-1))
            for part in (slice(at, None), slice(at))
            for each in (self.positives, self.negatives)
        )
        return Confusion(tp=hit, fp=alarm, fn=missed, tn=quiet)


def tally(labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> ScoreTally:
    """The tally of rows: labels 0 and 1, finite scores, weights of 0 or more, each of shape (n,).

    A row of weight 0 is none, and its score is not among those of the tally.
    """
    truth, values = arrays.binary(labels), arrays.finite(scores, "score")
    weight = None if weights is None else arrays.weights(weights)
    arrays.same_length(label=truth, score=values, weight=weight)
    if weight is None:
        return _counted(truth, values)
    if not weight.all():
        counted = weight > 0
        truth, values, weight = truth[counted], values[counted], weight[counted]
    order = np.argsort(values)
    weight, truth = weight[order], truth[order]
    grouped = _grouped(values[order], weight * truth, weight * ~truth)
    return ScoreTally(**grouped, squares=_of_classes(np.square(weight), truth))


def merged(tallies: Sequence[ScoreTally]) -> ScoreTally:
    """The tally of all rows of several."""
    scores = np.concatenate([each.scores for each in tallies])
    order = np.argsort(scores, kind="stable")
    positives, negatives = (
        np.concatenate([each.positives for each in tallies])[order],
        np.concatenate([each.negatives for each in tallies])[order],
    )
    squares = sum(each.squares[0] for each in tallies), sum(each.squares[1] for each in tallies)
    return ScoreTally(**_grouped(scores[order], positives, negatives), squares=squares)


def _of_classes(values: Floats, truth: Bools) -> tuple[float, float]:
    """The sums of rows' values over the positive and over the negative class."""
    return float(values[truth].sum()), float(values[~truth].sum())


def _above(counts: Floats) -> Floats:
    summed = np.empty_like(counts)
    np.cumsum(counts[..., ::-1], axis=-1, out=summed[..., ::-1])
    return summed


def _counted(truth: Bools, values: NDArray[Any]) -> ScoreTally:
    """Without weights each class is sorted alone: values need no indices, and numpy sorts with vector instructions.

    Both sorted runs are then merged by a stable sort, which takes linear time for two runs.
    """
    negatives = len(truth) - int(np.count_nonzero(truth))
    runs = np.empty_like(values)
    for part, rows in ((runs[:negatives], ~truth), (runs[negatives:], truth)):
        part[:] = values[rows]
        part.sort()
    order = np.argsort(runs, kind="stable")
    positive = order >= negatives
    runs = runs[order]
    del order
    return ScoreTally(**_grouped(runs, positive, ~positive), squares=(float(len(truth) - negatives), float(negatives)))


def _grouped(scores: NDArray[Any], positives: NDArray[Any], negatives: NDArray[Any]) -> dict[str, Floats]:
    """Sums over equal scores, which are next to each other."""
    first = np.empty(len(scores), np.bool_)
    first[:1] = True
    np.not_equal(scores[1:], scores[:-1], out=first[1:])
    if not first.all():
        starts = np.flatnonzero(first)
        scores = scores[starts]
        positives, negatives = (np.add.reduceat(each, starts, dtype=np.float64) for each in (positives, negatives))
    names = ("scores", "positives", "negatives")
    return {
        name: each.astype(np.float64, copy=False)
        for name, each in zip(names, (scores, positives, negatives), strict=True)
    }
