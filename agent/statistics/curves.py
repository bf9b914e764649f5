"""Draws what a tally says: ROC, precision-recall and histogram, thinned to what a plot can show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from agent.statistics.arrays import Codes, Floats
    from agent.statistics.tally import ScoreTally

POINTS = 200


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points (x, y) of shape (m,) by descending threshold: a row is positive from ``thresholds[i]`` on.

    The first threshold of a ROC curve is infinite: nothing is positive there.
    """

    x: Floats
    y: Floats
    thresholds: Floats


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Rows, or weights, of each class between ``edges`` of shape (bins + 1,); the last bin holds its right edge too."""

    edges: Floats
    positives: Floats
    negatives: Floats


def roc(tally: ScoreTally, points: int = POINTS) -> Curve:
    """False positive rate (x) and true positive rate (y), with both corners."""
    chosen = _thinned(tally, points)
    false, true = tally.alarms[chosen] / float(tally.negative), tally.hits[chosen] / float(tally.positive)
    zero = np.zeros(1)
    return Curve(
        x=np.concatenate([zero, false]), y=np.concatenate([zero, true]),
        thresholds=np.concatenate([[np.inf], tally.scores[chosen]]),
    )  # fmt: skip


def precision_recall(tally: ScoreTally, points: int = POINTS) -> Curve:
    """Recall (x) and precision (y)."""
    chosen = _thinned(tally, points)
    false, true = tally.alarms[chosen], tally.hits[chosen]
    return Curve(x=true / float(tally.positive), y=true / (true + false), thresholds=tally.scores[chosen])


def histogram(tally: ScoreTally, bins: int = 50, span: tuple[float, float] | None = (0.0, 1.0)) -> Histogram:
    """Bins of equal width over a span, or over the scores that occur; scores outside of it are in no bin."""
    low, high = span or (float(tally.scores[0]), float(tally.scores[-1]))
    edges = np.linspace(low, high, bins + 1)
    at = np.append(np.searchsorted(tally.scores, edges[:-1]), np.searchsorted(tally.scores, edges[-1], side="right"))
    return Histogram(edges=edges, positives=between(tally.positives, at), negatives=between(tally.negatives, at))


def between(counts: Floats, at: Codes) -> Floats:
    """Sums of counts of shape (k,) between indices that ascend, shape (len(at) - 1,)."""
    return np.array([counts[start:end].sum() for start, end in pairwise(at)])


def _thinned(tally: ScoreTally, points: int) -> Codes:
    """Indices of scores, descending: all if they are few, else those that advance one of both rates by equal steps."""
    count = len(tally.scores)
    if count <= points:
        return np.arange(count)[::-1]
    chosen = [np.array([0, count - 1])]
    for above in (tally.hits, tally.alarms):
        steps = np.linspace(0, above[0], points // 2)
        chosen.append(count - 1 - np.searchsorted(above[::-1], steps[1:-1]))
    return np.unique(np.maximum(np.concatenate(chosen), 0))[::-1]
