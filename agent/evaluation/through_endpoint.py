"""Measures what an endpoint answered to held-out rows as any evaluation is, and holds its metrics against limits."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import DataSet
from agent.config.predictions import Predictions
from agent.evaluation.extra import require_statistics
from agent.evaluation.measuring import LEVEL, Wanted, evaluated
from agent.evaluation.prediction_files import FILE, Place
from agent.gates.claiming import Claim, in_words, judged
from agent.gates.findings import Question
from agent.naming import short
from agent.statistics.claims import Conclusion
from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.artifacts import Evaluation
    from agent.config.environment import CheckedMetric
    from agent.context import Context
    from agent.gates.findings import Estimated, Finding
    from agent.gates.limits import Side
    from agent.ports.objects import Objects


class ThroughEndpoint(StepModel):
    """What answers are measured by, and of which rows they are; the environment's checks say how, and how well."""

    predictions: Predictions = Field(description="What the model is asked, and how it is measured.")
    metrics: tuple[str, ...] = Field(description="Metrics that are computed of predictions, for slices too.")
    data: DataSet = Field(description="Held-out data set of `checks.evaluation`.")


def place_of(bucket: str, project: str, step: str, ctx: Context) -> Place:
    """Where a step's predictions are kept, by its content key."""
    return Place(bucket=bucket, prefix=f"{naming.EVALUATIONS}{naming.job(project, step, ctx.key)}/")


def require_measurable() -> None:
    """UsageError where nothing is installed that could measure the answers, before anybody is asked."""
    require_statistics("answers of an endpoint are")


def measured(
    rows: Sequence[bytes],
    answers: Sequence[str],
    ctx: Context,
    *,
    wanted: ThroughEndpoint,
    limits: Mapping[str, CheckedMetric],
    place: Place,
    model: str,
) -> tuple[Evaluation, tuple[str, ...]]:
    """Make predictions of rows and answers, keep them below ``place``, and measure them; a sentence for each miss.

    ``model`` is the sha256 of its artifact. A metric that is not defined for these rows is left out, and misses its
    limit. UserCodeFailedError where an answer or a label is not what the task needs.
    """
    from agent.evaluation.answered import write_predictions

    objects = ctx.accounts.tools.objects
    with tempfile.TemporaryDirectory(prefix="modelyard-answers-") as folder:
        file = Path(folder) / FILE
        write_predictions(rows, answers, wanted.predictions, file)
        kept = _kept(file, place, objects)
        metrics = tuple(dict.fromkeys((*wanted.metrics, *limits)))
        found = evaluated(
            Wanted(place=kept, settings=wanted.predictions, metrics=metrics, complete=False),
            objects,
            ctx.report,
            model=model,
            data=wanted.data.digest,
            job="",
        )
        return found, tuple(_missed(file, wanted.predictions, limits))


def _kept(file: Path, below: Place, objects: Objects) -> Place:
    """The folder of the predictions: other answers of the same endpoint lie beside these, and write nothing over."""
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    place = Place(bucket=below.bucket, prefix=f"{below.prefix}{short(sha256)}/")
    if not objects.exists(place.bucket, place.prefix + FILE):
        objects.upload(place.bucket, place.prefix + FILE, file, sha256=sha256)
    return place


def _missed(file: Path, settings: Predictions, limits: Mapping[str, CheckedMetric]) -> Iterator[str]:
    """A sentence for each limit that the rows do not show to be kept."""
    findings = _findings(file, settings, limits)
    for name, limit in limits.items():
        (number,) = findings[name].all_of("metric")
        for claim in _claims(name, limit, number):
            proof = limit.confidence is not None
            one = judged(claim, proof=proof)
            if one.conclusion is not Conclusion.PROVED:
                yield f"of held-out rows, {in_words(one, proof=proof)}"


def _findings(file: Path, settings: Predictions, limits: Mapping[str, CheckedMetric]) -> Mapping[str, Finding]:
    from agent.evaluation.examining import examined
    from agent.statistics.sample import Settings
    from agent.statistics.schema import Task

    questions = {
        name: Question(kind="threshold", metric=name, level=limit.confidence or LEVEL) for name, limit in limits.items()
    }
    how = Settings(threshold=settings.threshold, k=settings.k)
    return examined(questions, [file], Task(settings.task), how, support=settings.support)


def _claims(name: str, limit: CheckedMetric, number: Estimated) -> Iterator[Claim]:
    sides: tuple[tuple[Side, float | None], ...] = (("at least", limit.min), ("at most", limit.max))
    for side, bound in sides:
        if bound is not None:
            yield Claim(what=name, number=number, side=side, limit=bound)
