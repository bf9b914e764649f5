"""Measures a binary classifier: everything that a report shows of it, each value with its interval, from one tally."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import score_metrics
from agent.statistics.arrays import dot, squares
from agent.statistics.bootstrap import Plan
from agent.statistics.calibration import BrierParts, Calibration, brier_parts, calibration, ece_interval
from agent.statistics.curves import Curve, Histogram, histogram, precision_recall, roc
from agent.statistics.delong import auc_interval
from agent.statistics.intervals import LEVEL, Estimate, combined, f1_interval, logit, mean, normal, transformed, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.statistics.arrays import Floats
    from agent.statistics.confusion import Confusion
    from agent.statistics.tally import ScoreTally


@dataclass(frozen=True, kw_only=True)
class BinaryReport:
    """A classifier at a ``threshold``: a score of it or more is taken for the positive class.

    ``metrics`` by name: auc, average_precision, log_loss, brier, ece, accuracy, precision, recall, specificity, f1,
    balanced_accuracy, mcc. Scores are probabilities. Curves that need both classes are None where one is missing.
    """

    rows: float
    positives: float
    negatives: float
    threshold: float
    confusion: Confusion
    metrics: Mapping[str, Estimate]
    brier_parts: BrierParts
    calibration: Calibration
    histogram: Histogram
    roc: Curve | None
    precision_recall: Curve | None


def binary_report(tally: ScoreTally, *, threshold: float = 0.5, level: float = LEVEL) -> BinaryReport:
    """All of it; ``tally`` is of one sample."""
    confusion, bins = tally.confusion(threshold), calibration(tally)
    of_scores = score_estimates(tally, level)
    both = bool(tally.positive > 0 and tally.negative > 0)
    return BinaryReport(
        rows=tally.rows, positives=float(tally.positive), negatives=float(tally.negative), threshold=threshold,
        confusion=confusion,
        metrics={
            **of_scores,
            "ece": ece_interval(bins, tally.rows, Plan(level=level)),
            **decision_estimates(confusion, scale=tally.scale, of_classes=tally.effective, level=level),
        },
        brier_parts=brier_parts(of_scores["brier"].value, bins), calibration=bins, histogram=histogram(tally),
        roc=roc(tally) if both else None, precision_recall=precision_recall(tally) if both else None,
    )  # fmt: skip


def score_estimates(tally: ScoreTally, level: float = LEVEL) -> dict[str, Estimate]:
    """Metrics that need no threshold.

    The interval of the average precision is the logit interval of Boyd, Eng and Page (ECML PKDD 2013).
    """
    # Losses come before what the tally keeps for the other two, so that not all are held at once.
    log_loss = _mean_loss(tally, score_metrics.log_losses(tally.scores), level)
    brier = _mean_loss(tally, score_metrics.squared_errors(tally.scores), level)
    precision, positives = float(score_metrics.average_precision(tally)), float(tally.positive) * tally.scale
    spread = math.sqrt(precision * (1 - precision) / positives) if positives else math.nan
    return {
        "auc": auc_interval(tally, level),
        "average_precision": logit(precision, spread, rows=positives, level=level, method="logit"),
        "log_loss": log_loss,
        "brier": brier,
    }


def decision_estimates(
    confusion: Confusion, *, scale: float = 1, of_classes: tuple[float, float] | None = None, level: float = LEVEL
) -> dict[str, Estimate]:
    """Metrics of decisions; ``scale`` is how many rows a unit of the confusion is worth.

    ``of_classes`` are the rows of the positive and of the negative class, if these are others.
    """
    tp, fp, fn, tn = (float(each) * scale for each in (confusion.tp, confusion.fp, confusion.fn, confusion.tn))
    positives, negatives = of_classes or (tp + fn, tn + fp)
    recall, specificity = _share(tp, fn, positives, level), _share(tn, fp, negatives, level)
    return {
        "accuracy": wilson(tp + tn, tp + fp + fn + tn, level),
        "precision": wilson(tp, tp + fp, level),
        "recall": recall,
        "specificity": specificity,
        "f1": f1_interval(tp, fp + fn, level),
        "balanced_accuracy": combined(recall, specificity, (0.5, 0.5)),
        "mcc": mcc_interval(confusion, scale=scale, level=level),
    }


def _share(right: float, wrong: float, rows: float, level: float) -> Estimate:
    """What is right, as of so many rows."""
    worth = rows / (right + wrong) if rows else 0.0
    return wilson(right * worth, right * worth + wrong * worth, level)


def mcc_interval(confusion: Confusion, *, scale: float = 1, level: float = LEVEL) -> Estimate:
    """Matthews's correlation by the delta method on Fisher's scale, artanh, which keeps it between -1 and 1."""
    rows = float(confusion.total) * scale
    value = float(confusion.mcc)
    deviation = _deviation_of_mcc(confusion, rows)
    if not abs(value) < 1 or not math.isfinite(deviation):
        return normal(value, math.nan, rows=rows, level=level, method="delta")
    on_scale = normal(math.atanh(value), deviation / (1 - value**2), rows=rows, level=level, method="delta")
    return transformed(on_scale, math.tanh, slope=lambda z: 1 - math.tanh(z) ** 2, method="delta, artanh")


def _deviation_of_mcc(confusion: Confusion, rows: float) -> float:
    """By the correlation of two binary variables x and y: 1 row's influence is zx zy - mcc (zx² + zy²) / 2."""
    counts = np.array([confusion.tp, confusion.fp, confusion.fn, confusion.tn])
    shares = counts / float(confusion.total)
    decided, true = np.array([1.0, 1, 0, 0]), np.array([1.0, 0, 1, 0])
    standard = []
    for each in (decided, true):
        share = float(each @ shares)
        if not each @ counts or not (1 - each) @ counts:
            return math.nan
        standard.append((each - share) / math.sqrt(share * (1 - share)))
    product = standard[0] * standard[1]
    influence = product - float(shares @ product) / 2 * (standard[0] ** 2 + standard[1] ** 2)
    return math.sqrt(float(shares @ influence**2) / rows)


def _mean_loss(tally: ScoreTally, losses: tuple[Floats, Floats], level: float) -> Estimate:
    """The mean of rows' losses, which are known for each score and class, and are changed."""
    total = float(tally.total)
    classes = list(zip(losses, (tally.positives, tally.negatives), strict=True))
    value = sum(float(dot(loss, counts)) for loss, counts in classes) / total
    for each in losses:
        np.subtract(each, value, out=each)
    variance = sum(float(squares(loss, counts)) for loss, counts in classes) / total
    return mean(value, variance, tally.rows, level)
