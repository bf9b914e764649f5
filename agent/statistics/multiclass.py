"""Measures a classifier of several classes from its confusion matrix and its probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import UnusablePredictionsError, ratio
from agent.statistics.delong import auc_interval
from agent.statistics.intervals import LEVEL, Estimate, logit, mean, wilson
from agent.statistics.macro_auc import macro_auc
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Floats


_ROUNDED = 1e-24
"""A variance of derivatives that is nothing but their rounding."""


@dataclass(frozen=True, kw_only=True)
class MulticlassReport:
    """A classifier of ``classes``; ``confusion`` of shape (classes, classes) has truth by rows, decisions by columns.

    ``metrics`` by name: accuracy; macro_ and weighted_ precision, recall and f1; of probabilities log_loss (nats) and
    macro_auc, the mean of ``aucs``, each class against the rest, too. A class that is neither true nor decided in any
    row has the value 0, as in scikit-learn.
    """

    classes: Sequence[str]
    rows: float
    confusion: Floats
    metrics: Mapping[str, Estimate]
    aucs: Mapping[str, Estimate]


def confusion_matrix(truth: ArrayLike, decided: ArrayLike, classes: int, weights: ArrayLike | None = None) -> Floats:
    """Rows, or weights, by true and decided class, each a number from 0; matrices of batches add up."""
    true, decision = np.asarray(truth, np.int64), np.asarray(decided, np.int64)
    weight = None if weights is None else arrays.weights(weights)
    arrays.same_length(label=true, prediction=decision, weight=weight)
    for name, codes in (("label", true), ("prediction", decision)):
        if codes.min() < 0 or codes.max() >= classes:
            raise UnusablePredictionsError(f"{name} has class {codes.max()}, and there are {classes}, numbered from 0")
    counts = np.bincount(true * classes + decision, weights=weight, minlength=classes**2)
    return counts.reshape(classes, classes).astype(np.float64)


def multiclass_report(
    truth: ArrayLike, scores: ArrayLike, classes: Sequence[str], *, level: float = LEVEL
) -> MulticlassReport:
    """All of it: ``truth`` of shape (n,) holds classes' numbers, ``scores`` of shape (n, classes) probabilities."""
    true, probability = np.asarray(truth, np.int64), np.asarray(scores)
    if probability.ndim != 2 or probability.shape[1] != len(classes):
        raise UnusablePredictionsError(
            f"scores have shape {probability.shape}; {len(classes)} classes need as many columns"
        )
    for number, name in enumerate(classes):
        arrays.probabilities(probability[:, number], f"score_{name}")
    matrix = confusion_matrix(true, probability.argmax(axis=1), len(classes))
    aucs = {
        name: auc_interval(tally(true == number, probability[:, number]), level) for number, name in enumerate(classes)
    }
    rows = float(len(true))
    metrics = {
        **decision_estimates(matrix, level=level),
        "log_loss": _log_loss(true, probability, level),
        "macro_auc": macro_auc(true, probability, level),
    }
    return MulticlassReport(classes=tuple(classes), rows=rows, confusion=matrix, metrics=metrics, aucs=aucs)


def decisions_report(
    truth: ArrayLike, decided: ArrayLike, classes: Sequence[str], *, level: float = LEVEL
) -> MulticlassReport:
    """What is known without probabilities: both arrays of shape (n,) hold classes' numbers."""
    matrix = confusion_matrix(truth, decided, len(classes))
    metrics = decision_estimates(matrix, level=level)
    return MulticlassReport(
        classes=tuple(classes), rows=float(matrix.sum()), confusion=matrix, metrics=metrics, aucs={}
    )


def decision_estimates(matrix: Floats, *, level: float = LEVEL) -> dict[str, Estimate]:
    """Metrics of a confusion matrix, by the delta method for means over classes, on the logit scale.

    Where no row differs, as of a model without a mistake, a mean of equal classes is as uncertain as its smallest.
    Source: Takahashi, Yamamoto, Kuchiba and Koyama (Applied Intelligence 52, 2022, 4961-4972), for F1.
    """
    rows, sizes = float(matrix.sum()), matrix.sum(axis=1)
    found = {"accuracy": wilson(float(np.trace(matrix)), rows, level)}
    for name, (value, influence) in influences(matrix).items():
        worth = float(sizes[sizes > 0].min()) if name.startswith("macro_") else rows
        estimate = logit(
            min(value, 1.0), _deviation(influence, matrix / rows, rows), rows=worth, level=level, method="delta"
        )
        found[name] = replace(estimate, rows=rows)
    return found


def influences(matrix: Floats) -> dict[str, tuple[float, Floats]]:
    """Means over classes: each metric's value, and its derivative by the share of each cell, (classes, classes)."""
    rows = float(matrix.sum())
    found = {}
    for name, of_class in {"precision": _precision, "recall": _recall, "f1": _f1}.items():
        values, by_class = of_class(matrix / rows)
        for kind in ("macro", "weighted"):
            shares = matrix.sum(axis=1) / rows if kind == "weighted" else np.full(len(matrix), 1 / len(matrix))
            influence = np.tensordot(shares, by_class, axes=1)
            if kind == "weighted":
                influence = influence + values[:, None]
            found[f"{kind}_{name}"] = float(values @ shares), influence
    return found


def _precision(shares: Floats) -> tuple[Floats, Floats]:
    """Each class's value (classes,), and its derivative by the share of each cell (classes, classes, classes)."""
    return _quotients(shares, [(shares.sum(axis=0), 1)])


def _recall(shares: Floats) -> tuple[Floats, Floats]:
    return _quotients(shares, [(shares.sum(axis=1), 0)])


def _f1(shares: Floats) -> tuple[Floats, Floats]:
    return _quotients(shares, [(shares.sum(axis=0), 1), (shares.sum(axis=1), 0)])


def _quotients(shares: Floats, margins: list[tuple[Floats, int]]) -> tuple[Floats, Floats]:
    """For classes i: v = m · diagonal / (sum of m margins), and its derivatives."""
    count, size = len(margins), len(shares)
    whole = np.sum([margin for margin, _ in margins], axis=0)
    values = np.nan_to_num(ratio(count * np.diagonal(shares), whole))
    slope = np.nan_to_num(ratio(np.ones(size), whole))
    each = np.arange(size)
    derivatives = np.zeros((size, size, size))
    derivatives[each, each, each] += count * slope
    for _, axis in margins:
        for number in each:
            cells = (number, number, slice(None)) if axis == 0 else (number, slice(None), number)
            derivatives[cells] -= values[number] * slope[number]
    return values, derivatives


def _deviation(influence: Floats, shares: Floats, rows: float) -> float:
    """The standard error of a function of multinomial shares by its derivatives."""
    variance = float((shares * (influence - (shares * influence).sum()) ** 2).sum())
    return math.sqrt(variance / rows) if variance > _ROUNDED else 0.0


def _log_loss(true: ArrayLike, probability: Floats, level: float) -> Estimate:
    """Probabilities are taken to add up to 1 in each row."""
    given = np.take_along_axis(probability, np.asarray(true)[:, None], axis=1)[:, 0].astype(np.float64)
    losses = -np.log(np.clip(given, np.finfo(np.float64).eps, 1))
    return mean(float(losses.mean()), float(losses.var()), len(losses), level)
