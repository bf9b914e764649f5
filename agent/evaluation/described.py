"""Turns statistics of a sample into the document of its measurements: numbers that exist, rounded by nobody."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from agent.artifacts import Interval
from agent.measurements import (
    CalibrationBins,
    ConfusionMatrix,
    Line,
    Measured,
    MeasuredSlice,
    Measurements,
    ResidualHistogram,
    ScoreHistogram,
    SliceColumn,
)
from agent.statistics.binary import BinaryReport
from agent.statistics.multiclass import MulticlassReport
from agent.statistics.ranking import RankingReport
from agent.statistics.regression import residuals
from agent.statistics.sample import metrics_of
from agent.statistics.slices import groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.artifacts import PredictionFiles
    from agent.statistics.arrays import Categories
    from agent.statistics.curves import Curve
    from agent.statistics.intervals import Estimate
    from agent.statistics.sample import Report, Sample

_MOST_SLICES = 50


def measurements(
    sample: Sample,
    report: Report,
    predictions: PredictionFiles,
    *,
    level: float,
    support: int,
    of_slices: Sequence[str],
) -> Measurements:
    """All of it; slices are measured by the metrics ``of_slices``, as far as the task has them."""
    return Measurements(
        task=sample.task.value,
        rows=sample.rows,
        predictions=predictions,
        level=level,
        metrics=_all_measured(metrics_of(report)),
        slices=tuple(
            _column(name, values, sample, level=level, support=support, metrics=of_slices)
            for name, values in sample.slices.items()
        ),
        **_of_task(sample, report),
    )


def measured(estimate: Estimate) -> Measured:
    """An estimate, without the numbers that do not exist."""
    interval = Interval(low=estimate.low, high=estimate.high, level=estimate.level) if estimate.known else None
    return Measured(
        value=number(estimate.value),
        deviation=number(estimate.deviation),
        interval=interval,
        rows=estimate.rows,
        method=estimate.method,
    )


def _all_measured(estimates: Mapping[str, Estimate]) -> dict[str, Measured]:
    return {name: measured(each) for name, each in estimates.items()}


def _of_task(sample: Sample, report: Report) -> dict[str, Any]:
    """What only one task has."""
    if isinstance(report, BinaryReport):
        return _of_binary(report)
    if isinstance(report, MulticlassReport):
        matrix = ConfusionMatrix(classes=tuple(report.classes), counts=tuple(map(tuple, report.confusion.tolist())))
        return {"confusion": matrix, "aucs": _all_measured(report.aucs)}
    if isinstance(report, RankingReport):
        return {"queries_left_out": report.left_out}
    spread = residuals(sample.labels, sample.scores)
    return {
        "residuals": ResidualHistogram(
            edges=_floats(spread.edges),
            counts=_floats(spread.counts),
            quantiles={f"{share:g}": value for share, value in spread.quantiles.items()},
        )
    }


def _of_binary(report: BinaryReport) -> dict[str, Any]:
    bins, counts, scores = report.calibration, report.confusion, report.histogram
    return {
        "threshold": report.threshold,
        "positives": report.positives,
        "roc": _line(report.roc),
        "precision_recall": _line(report.precision_recall),
        "calibration": CalibrationBins(
            predicted=_floats(bins.predicted), observed=_floats(bins.observed), counts=_floats(bins.counts)
        ),
        "scores": ScoreHistogram(
            edges=_floats(scores.edges), positives=_floats(scores.positives), negatives=_floats(scores.negatives)
        ),
        "confusion": ConfusionMatrix(
            classes=("0", "1"),
            counts=((float(counts.tn), float(counts.fp)), (float(counts.fn), float(counts.tp))),
        ),
    }


def _line(curve: Curve | None) -> Line | None:
    if curve is None:
        return None
    thresholds = tuple(number(value) for value in curve.thresholds.tolist())
    return Line(x=_floats(curve.x), y=_floats(curve.y), thresholds=thresholds)


def _column(
    name: str, values: Categories, sample: Sample, *, level: float, support: int, metrics: Sequence[str]
) -> SliceColumn:
    """The slices of a column by size; of the smaller ones only their number."""
    by_size = sorted(groups(values), key=lambda found: -len(found[1]))
    slices = []
    for value, rows in by_size[:_MOST_SLICES]:
        known = sample.at(rows).estimates(level) if len(rows) >= support else {}
        of_slice = {metric: measured(known[metric]) for metric in metrics if metric in known}
        slices.append(MeasuredSlice(value=value, rows=len(rows), metrics=of_slice))
    return SliceColumn(column=name, slices=tuple(slices), left_out=max(0, len(by_size) - _MOST_SLICES))


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(values.tolist())


def number(value: float) -> float | None:
    """A number that exists, or None."""
    return float(value) if math.isfinite(value) else None
