"""Measures a regression from sums over rows, which add up over batches and shards in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import dot, squares
from agent.statistics.intervals import LEVEL, Estimate, mean, normal, transformed, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Floats

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True, kw_only=True)
class RegressionSums:
    """Sums of w · |e|^a · t^b, where e is prediction - label and t is label - ``origin``; ``squares`` is the sum of w².

    ``errors`` holds a = 1, 2 (twice, for mae and mse), 4 in the order |e|, e², e⁴; ``labels`` t, t², t³, t⁴;
    ``mixed`` e² t, e² t². ``origin`` is any value near the labels, for the sake of precision.
    """

    origin: float
    weight: float
    squares: float
    errors: Floats
    labels: Floats
    mixed: Floats

    @property
    def rows(self) -> float:
        """Rows, or their effective number where they have weights."""
        return self.weight**2 / self.squares

    def about(self, origin: float) -> RegressionSums:
        """The same about another origin."""
        d = self.origin - origin
        t1, t2, t3, t4 = self.labels
        moved = [
            t1 + d * self.weight,
            t2 + 2 * d * t1 + d**2 * self.weight,
            t3 + 3 * d * t2 + 3 * d**2 * t1 + d**3 * self.weight,
            t4 + 4 * d * t3 + 6 * d**2 * t2 + 4 * d**3 * t1 + d**4 * self.weight,
        ]
        m1, m2 = self.mixed
        return RegressionSums(
            origin=origin, weight=self.weight, squares=self.squares, errors=self.errors, labels=np.array(moved),
            mixed=np.array([m1 + d * self.errors[1], m2 + 2 * d * m1 + d**2 * self.errors[1]]),
        )  # fmt: skip


def regression_sums(
    labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None, *, origin: float | None = None
) -> RegressionSums:
    """The sums of rows: labels, predictions and weights of shape (n,)."""
    label, predicted = (
        arrays.finite(each, name).astype(np.float64, copy=False)
        for each, name in ((labels, "label"), (predictions, "prediction"))
    )
    weight = None if weights is None else arrays.weights(weights)
    arrays.same_length(label=label, prediction=predicted, weight=weight)
    if weight is not None and not weight.all():
        label, predicted, weight = (each[weight > 0] for each in (label, predicted, weight))
    # The mean of equal labels may be rounded away from them, and seem to leave a variance.
    start = float(np.clip(label.mean(), label.min(), label.max())) if origin is None else origin
    error, t = predicted - label, label - start
    square, t2 = error**2, t**2
    w = np.ones(len(t)) if weight is None else weight
    return RegressionSums(
        origin=start, weight=float(w.sum()), squares=float(dot(w, w)),
        errors=np.array([dot(np.abs(error), w), dot(square, w), squares(square, w)]),
        labels=np.array([dot(t, w), dot(t2, w), dot(t2 * t, w), squares(t2, w)]),
        mixed=np.array([dot(square * t, w), dot(square * t2, w)]),
    )  # fmt: skip


def merged(parts: Sequence[RegressionSums]) -> RegressionSums:
    """The sums of all rows of several parts."""
    origin = parts[0].origin
    moved = [part.about(origin) for part in parts]
    return RegressionSums(
        origin=origin, weight=sum(each.weight for each in moved), squares=sum(each.squares for each in moved),
        errors=np.sum([each.errors for each in moved], axis=0), labels=np.sum([each.labels for each in moved], axis=0),
        mixed=np.sum([each.mixed for each in moved], axis=0),
    )  # fmt: skip


def regression_estimates(sums: RegressionSums, level: float = LEVEL) -> Mapping[str, Estimate]:
    """mse (label's unit squared), rmse and mae (label's unit) and r2, each with its interval.

    mse and mae are means of rows with Student's interval, rmse the root of mse's; r2 = 1 - mse / variance by the delta
    method.
    """
    absolute, square, fourth = sums.errors / sums.weight
    mse = mean(float(square), float(fourth - square**2), sums.rows, level)
    return {
        "mse": mse,
        "rmse": transformed(
            mse,
            lambda v: math.sqrt(max(v, 0.0)),
            slope=lambda v: 0.5 / math.sqrt(v) if v > 0 else 0.0,
            method="Student",
        ),
        "mae": mean(float(absolute), float(square - absolute**2), sums.rows, level),
        "r2": _r2(sums.about(sums.origin + float(sums.labels[0]) / sums.weight), level),
    }


def _r2(centred: RegressionSums, level: float) -> Estimate:
    """A row's influence is (r t² - e²) / variance with r = mse / variance, about the mean label."""
    _, mse, fourth = centred.errors / centred.weight
    _, variance, _, t4 = centred.labels / centred.weight
    if variance <= 0:
        return unknown(math.nan, level=level, rows=centred.rows, method="delta")
    r = mse / variance
    spread = r**2 * t4 - 2 * r * centred.mixed[1] / centred.weight + fourth
    deviation = math.sqrt(max(0.0, float(spread)) / centred.rows) / float(variance)
    return normal(1 - float(r), deviation, rows=centred.rows, level=level, method="delta")


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """How predictions - labels are spread, in the label's unit: ``quantiles`` by share, and rows between ``edges``."""

    quantiles: Mapping[float, float]
    edges: Floats
    counts: Floats


def residuals(labels: ArrayLike, predictions: ArrayLike, bins: int = 50) -> Residuals:
    """Quantiles (linear between rows) and a histogram between the first and the last of ``QUANTILES``' neighbours."""
    label, predicted = arrays.finite(labels, "label"), arrays.finite(predictions, "prediction")
    arrays.same_length(label=label, prediction=predicted)
    error = predicted.astype(np.float64) - label
    counts, edges = np.histogram(error, bins=bins)
    values = np.quantile(error, QUANTILES)
    return Residuals(
        quantiles=dict(zip(QUANTILES, values.tolist(), strict=True)), edges=edges, counts=counts.astype(np.float64)
    )
