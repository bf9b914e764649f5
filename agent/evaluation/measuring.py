"""Measures what an evaluation predicted, once: whoever asks again with the same settings reads what was found then.

Beside the predictions are left `evaluation.json` in SageMaker's format, for the model registry and custom gates, and
`measurements.json`, for the report. What the script wrote into an `evaluation.json` of its own stands in both the
metrics and the document as the script says it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import measurements
from agent.artifacts import Evaluation, Metric, PredictionFiles
from agent.errors import UserCodeFailedError
from agent.evaluation import evaluation_report
from agent.evaluation.extra import require_statistics
from agent.evaluation.prediction_files import FILE, FOLDER, fetched, found_in
from agent.measurements import Measurements
from agent.naming import short
from agent.step import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.config.predictions import Predictions
    from agent.evaluation.prediction_files import Place
    from agent.measurements import Measured
    from agent.ports.objects import Document, Listed, Objects
    from agent.ports.reporter import Reporter

_REVISION = 3
"""Raised when the same predictions come to mean something else."""
LEVEL = 0.95
_SAME = 1e-6
"""How far a script's metric may be from what its predictions say before somebody is told."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to measure: the predictions in ``place``, by ``settings``; ``metrics`` are those that have to be found.

    Where these need not be ``complete``, one that the rows do not tell is left out. Where predictions are not
    ``demanded``, a script that writes metrics only will do: a champion's older image may not have what writes Parquet.
    """

    place: Place
    settings: Predictions
    metrics: Sequence[str]
    demanded: bool = True
    complete: bool = True

    @property
    def report(self) -> str:
        """Where the script's own `evaluation.json` is, if it wrote one."""
        return self.place.prefix + evaluation_report.FILE

    @property
    def report_uri(self) -> str:
        """Its S3 address."""
        return self.place.uri + evaluation_report.FILE


@dataclass(frozen=True, kw_only=True)
class _Left:
    """What the script left: its predictions, and its own `evaluation.json`."""

    files: tuple[Listed, ...]
    own: Document | None


def evaluated(wanted: Wanted, objects: Objects, report: Reporter, *, model: str, data: str, job: str) -> Evaluation:
    """The evaluation of a model; UserCodeFailedError where there are no predictions, or none that can be measured."""
    left = _left(wanted, objects)
    theirs = evaluation_report.parse(left.own.body, (), wanted.report_uri) if left.own else {}
    if not left.files:
        _require(wanted, theirs)
        return Evaluation(model=model, data=data, metrics=theirs, report=wanted.report_uri, job=job)
    folder = f"{wanted.place.prefix}measured/{short(_key(wanted, left))}/"
    address = f"{folder}{measurements.FILE}"
    kept = objects.read(wanted.place.bucket, address)
    found = Measurements.model_validate_json(kept.body) if kept else _measure(wanted, left, folder, objects)
    ours = {name: _metric(each, each.value) for name, each in found.metrics.items() if each.value is not None}
    _tell_differences(ours, theirs, report)
    metrics = {**ours, **theirs}
    _require(wanted, metrics)
    return Evaluation(
        model=model,
        data=data,
        metrics=metrics,
        report=f"s3://{wanted.place.bucket}/{folder}{evaluation_report.FILE}",
        job=job,
        predictions=found.predictions,
        measurements=f"s3://{wanted.place.bucket}/{address}",
    )


def _left(wanted: Wanted, objects: Objects) -> _Left:
    files, own = found_in(wanted.place, objects), objects.read(wanted.place.bucket, wanted.report)
    if not files and (wanted.demanded or own is None):
        raise UserCodeFailedError(
            f"the evaluation script ended well, but left no predictions in {wanted.place.uri}, which "
            f"`evaluation.predictions` announces; write {FILE}, or Parquet files into {FOLDER}, beside where "
            f"{evaluation_report.FILE} would be"
        )
    return _Left(files=files, own=own)


def _key(wanted: Wanted, left: _Left) -> str:
    """What the measurements depend on."""
    settings = wanted.settings
    return digest(
        {
            "revision": _REVISION,
            "settings": settings.model_dump(mode="json", exclude={"correction"}, exclude_defaults=True),
            "metrics": sorted(wanted.metrics),
            "files": [[entry.key, entry.etag, entry.size] for entry in left.files],
            "own": left.own.etag if left.own else "",
        }
    )


def _measure(wanted: Wanted, left: _Left, folder: str, objects: Objects) -> Measurements:
    """Measure, and leave both documents; the one that is looked for comes last."""
    require_statistics()
    from agent.evaluation.described import measurements as described
    from agent.statistics.evaluation_document import evaluation_document
    from agent.statistics.sample import Settings, load
    from agent.statistics.schema import Task

    settings, bucket = wanted.settings, wanted.place.bucket
    names = [entry.key.removeprefix(wanted.place.prefix) for entry in left.files]
    with fetched(names, wanted.place, objects) as copies:
        how = Settings(threshold=settings.threshold, k=settings.k)
        sample = load(copies.paths, Task(settings.task), how, slices=settings.slices)
        report = sample.report(LEVEL)
        predictions = PredictionFiles(uri=wanted.place.uri, files=copies.names, sha256=copies.sha256, rows=sample.rows)
        found = described(
            sample.counted(), report, predictions, level=LEVEL, support=settings.support, of_slices=wanted.metrics
        )
    objects.create(bucket, folder + evaluation_report.FILE, canonical(_with_theirs(evaluation_document(report), left)))
    objects.create(bucket, folder + measurements.FILE, canonical(found.model_dump(mode="json")))
    return found


def _with_theirs(document: dict[str, Any], left: _Left) -> dict[str, Any]:
    """The document, with what the script says in its place; it may be wrong, which is told when it is parsed."""
    theirs = json.loads(left.own.body, parse_constant=_number, parse_float=_number) if left.own else {}
    return document | {
        group: {**document.get(group, {}), **theirs[group]} for group in evaluation_report.GROUPS if group in theirs
    }


def _number(text: str) -> float | str:
    """A number, or "NaN", which JSON does not have and Python's writes."""
    number = float(text)
    return number if math.isfinite(number) else "NaN"


def _metric(found: Measured, value: float) -> Metric:
    return Metric(value=value, standard_deviation=found.deviation, interval=found.interval)


def _tell_differences(ours: Mapping[str, Metric], theirs: Mapping[str, Metric], report: Reporter) -> None:
    """A metric that the script computes otherwise than its predictions say: gates of both kinds would disagree."""
    for name in ours.keys() & theirs.keys():
        said, computed = theirs[name].value, ours[name].value
        if abs(said - computed) > _SAME * max(1.0, abs(computed)):
            report.warn(
                f"{evaluation_report.FILE} says that {name} is {said:.6g}, and the predictions beside it that it is "
                f"{computed:.6g}; the script's value counts, but gates that look at rows use the other"
            )


def _require(wanted: Wanted, metrics: Mapping[str, Metric]) -> None:
    missing = [name for name in wanted.metrics if name not in metrics]
    if missing and wanted.complete:
        raise UserCodeFailedError(
            f"the predictions in {wanted.place.uri} do not tell the metric {missing[0]}, which `evaluation.metrics` "
            f"names: it is none of those of {wanted.settings.task} predictions, or not defined for these rows; there "
            f"are {', '.join(metrics) or 'none'}; or let the script write it into {evaluation_report.FILE}"
        )
