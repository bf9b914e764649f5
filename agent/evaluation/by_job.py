"""Lets a job have one model judge one data set, and measures what comes of it, whichever step asks.

A script writes predictions, or metrics only. Batch transform answers rows, of which predictions are made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.artifacts import Evaluation, Script
from agent.errors import UserCodeFailedError
from agent.evaluation import evaluation_report
from agent.evaluation.measuring import Wanted, evaluated
from agent.evaluation.prediction_files import Place, found_in
from agent.evaluation.transformed import make_predictions
from agent.jobs.driver import complete
from agent.jobs.evaluation_job import ANSWERS, EvaluationInputs, evaluation_order, evaluation_prefix
from agent.jobs.foresight import foresee
from agent.jobs.script_job import OUTPUT, foresee_upload, upload_script
from agent.jobs.use import use_of
from agent.naming import short
from agent.step import digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Lock

    from agent.artifacts import DataSet, JobUse, Model
    from agent.config.predictions import Predictions
    from agent.context import Context
    from agent.jobs.order import JobOrder
    from agent.ports.jobs import JobState
    from agent.step import Action


_MADE = "made/"
"""Where predictions are that were made of answers: other slices, or another task, read the same answers otherwise."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One model on one data set; ``name`` is what people call that, ``step`` who asks.

    ``predictions`` says how what is predicted is measured, and that these are ``demanded`` rather than welcome;
    ``metrics`` have to be found.
    """

    name: str
    step: str
    model: Model
    data: DataSet
    predictions: Predictions | None
    metrics: Sequence[str] = ()
    demanded: bool = True


def order(inputs: EvaluationInputs, judged: Judged, ctx: Context) -> JobOrder:
    """The job that has the model judge the data."""

    def kept(job: str) -> bool:
        return _is_kept(inputs, judged, job, ctx)

    return evaluation_order(inputs, judged.model, judged.data, kept, step=judged.step, run=ctx.run.id)


def _is_kept(inputs: EvaluationInputs, judged: Judged, job: str, ctx: Context) -> bool:
    """Whether what is needed of what a job wrote is still there."""
    objects, place = ctx.accounts.tools.objects, place_of(inputs, judged, job)
    if judged.predictions is not None and found_in(place, objects):
        return True
    if not isinstance(inputs.method, Script):
        return any(True for _ in objects.list(inputs.bucket, evaluation_prefix(job) + ANSWERS))
    metrics_will_do = judged.predictions is None or not judged.demanded
    return metrics_will_do and objects.exists(place.bucket, place.prefix + evaluation_report.FILE)


def place_of(inputs: EvaluationInputs, judged: Judged, job: str) -> Place:
    """The folder of what a script wrote, or of what was made of a job's answers by the same settings."""
    settings, folder = judged.predictions, evaluation_prefix(job)
    if isinstance(inputs.method, Script) or settings is None:
        return Place(bucket=inputs.bucket, prefix=folder)
    read = digest({"task": settings.task, "columns": {name: settings.columns[name] for name in settings.slices}})
    return Place(bucket=inputs.bucket, prefix=f"{folder}{_MADE}{short(read)}/")


def foreseen(
    inputs: EvaluationInputs, all_judged: Sequence[Judged], ctx: Context, *, before: Sequence[Action] = ()
) -> Sequence[Action]:
    """What would be written to evaluate: ``before`` and jobs that did not run yet, and the script that these need."""
    tools = ctx.accounts.tools
    jobs = (*before, *(action for judged in all_judged for action in foresee(order(inputs, judged, ctx), tools)))
    if not jobs or not isinstance(inputs.method, Script):
        return jobs
    return (*foresee_upload(inputs.method, tools, inputs.bucket), *jobs)


def bring_script(inputs: EvaluationInputs, ctx: Context) -> None:
    """Put the script where jobs find it, where there is one."""
    if isinstance(inputs.method, Script):
        upload_script(inputs.method, ctx.folder, ctx.accounts.tools.objects, inputs.bucket)


def evaluate(inputs: EvaluationInputs, judged: Judged, turn: Lock, ctx: Context) -> tuple[Evaluation, JobUse]:
    """The evaluation, and what its job took; predictions take memory, so that several are measured in ``turn``."""
    job = complete(order(inputs, judged, ctx), ctx.accounts.tools, ctx)
    if judged.predictions is None:
        return _reported(inputs, judged, job, ctx), use_of(job, inputs.resources, judged.name)
    place, objects = place_of(inputs, judged, job.name), ctx.accounts.tools.objects
    wanted = Wanted(place=place, settings=judged.predictions, metrics=judged.metrics, demanded=judged.demanded)
    names = {"model": judged.model.sha256, "data": judged.data.digest, "job": job.name}
    with turn:
        if not isinstance(inputs.method, Script) and not found_in(place, objects):
            ctx.report.doing(f"making predictions of what {job.name} answered")
            answers = Place(bucket=inputs.bucket, prefix=evaluation_prefix(job.name) + ANSWERS)
            make_predictions(judged.data, answers, place, judged.predictions, objects, check=ctx.clock.check)
        return evaluated(wanted, objects, ctx.report, **names), use_of(job, inputs.resources, judged.name)


def _reported(inputs: EvaluationInputs, judged: Judged, job: JobState, ctx: Context) -> Evaluation:
    """What a script wrote that leaves metrics only."""
    tools, place = ctx.accounts.tools, place_of(inputs, judged, job.name)
    where = place.uri + evaluation_report.FILE
    written = tools.objects.read(place.bucket, place.prefix + evaluation_report.FILE)
    if written is None:
        assert isinstance(inputs.method, Script)  # the configuration's rules: transform comes with predictions
        raise UserCodeFailedError(
            f"the script {inputs.method.path} ended well, but the processing job {job.name} in account {tools.id}, "
            f"{tools.region}, left no {where}; write it to {OUTPUT}/{evaluation_report.FILE}"
        )
    return Evaluation(
        model=judged.model.sha256,
        data=judged.data.digest,
        metrics=evaluation_report.parse(written.body, judged.metrics, where),
        report=where,
        job=job.name,
    )
