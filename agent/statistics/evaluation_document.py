"""Writes a report as `evaluation.json` in SageMaker's model-quality format, for the model registry and the gates.

Source: SageMaker developer guide, "Model quality metrics": ``{GROUP: {NAME: {"value": …, "standard_deviation": …}}}``,
with SageMaker's names where it has one. Ours beside them: log_loss, brier, ece, balanced_accuracy, mcc, specificity and
all of ``ranking_metrics``. SageMaker takes the standard deviation of five subsamples; here it is the standard error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics.binary import BinaryReport
from agent.statistics.intervals import Estimate, combined, wilson
from agent.statistics.multiclass import MulticlassReport
from agent.statistics.ranking import RankingReport

if TYPE_CHECKING:
    from collections.abc import Mapping


def evaluation_document(
    report: BinaryReport | MulticlassReport | RankingReport | Mapping[str, Estimate],
) -> dict[str, Any]:
    """The document of a report; a mapping holds the estimates of a regression. Numbers that do not exist are "NaN"."""
    if isinstance(report, BinaryReport):
        return {"binary_classification_metrics": _binary(report)}
    if isinstance(report, MulticlassReport):
        return {"multiclass_classification_metrics": _multiclass(report)}
    if isinstance(report, RankingReport):
        return {"ranking_metrics": _entries(report.metrics)}
    return {"regression_metrics": _entries(report)}


def _binary(report: BinaryReport) -> dict[str, Any]:
    counts = report.confusion
    names = {"average_precision": "au_prc", "recall": "true_positive_rate", "specificity": "true_negative_rate"}
    document = {
        "confusion_matrix": {
            "0": {"0": _count(counts.tn), "1": _count(counts.fp)},
            "1": {"0": _count(counts.fn), "1": _count(counts.tp)},
        },
        **_entries(report.metrics),
        **_entries({theirs: report.metrics[ours] for ours, theirs in names.items()}),
        **_entries(
            {"false_positive_rate": _rest(report, "specificity"), "false_negative_rate": _rest(report, "recall")}
        ),
        **{f"f{beta:g}".replace(".", "_"): _entry(float(counts.f(beta)), math.nan) for beta in (0.5, 2)},
    }
    del document["average_precision"]
    return document | _curves(report)


def _rest(report: BinaryReport, name: str) -> Estimate:
    """1 - a share."""
    return combined(wilson(1, 1), report.metrics[name], (1, -1))


def _curves(report: BinaryReport) -> dict[str, Any]:
    names = {
        "receiver_operating_characteristic_curve": (report.roc, "false_positive_rates", "true_positive_rates"),
        "precision_recall_curve": (report.precision_recall, "recalls", "precisions"),
    }
    return {
        name: {x: curve.x.tolist(), y: curve.y.tolist()} for name, (curve, x, y) in names.items() if curve is not None
    }


def _multiclass(report: MulticlassReport) -> dict[str, Any]:
    matrix = report.confusion
    counts = {
        true: {decided: _count(matrix[i, j]) for j, decided in enumerate(report.classes)}
        for i, true in enumerate(report.classes)
    }
    entries = _entries(report.metrics)
    return {"confusion_matrix": counts, **entries}


def _entries(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: _entry(each.value, each.deviation) for name, each in estimates.items()}


def _entry(value: float, deviation: float) -> dict[str, Any]:
    return {"value": _number(value), "standard_deviation": _number(deviation)}


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else "NaN"


def _count(value: Any) -> float | int:
    """A number of rows; a sum of weights where it is not whole."""
    number = float(np.asarray(value))
    return int(number) if number.is_integer() else number
