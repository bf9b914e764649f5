"""Measure the model, and the deployed ones that it is compared with, on the same rows it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Champion, Evaluation, JobUse, Metric, Model
from agent.config.predictions import Predictions
from agent.errors import UserCodeFailedError
from agent.evaluation import evaluation_report
from agent.evaluation.extra import require_statistics
from agent.evaluation.measuring import Wanted, evaluated
from agent.evaluation.prediction_files import Place, found_in
from agent.jobs.driver import complete
from agent.jobs.evaluation_job import EvaluationInputs, evaluation_key, evaluation_order, evaluation_prefix
from agent.jobs.foresight import foresee
from agent.jobs.script_job import OUTPUT, foresee_upload, upload_script
from agent.jobs.side_by_side import Task, side_by_side
from agent.jobs.use import use_of
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.jobs.order import JobOrder
    from agent.ports.jobs import JobState

CANDIDATE = "the candidate"


class Inputs(EvaluationInputs):
    """The jobs: one for the candidate and one for each champion, in each model's own image."""

    champions: tuple[Champion, ...] = Field(description="Deployed models that a gate compares with.")
    metrics: tuple[str, ...] = Field(
        description="Names of the metrics that the script writes, or that are computed of its predictions."
    )
    predictions: Predictions | None = Field(default=None, description="Predictions that the script writes.")


class Result(StepModel):
    """What the models achieve."""

    evaluation: Evaluation = Field(description="The candidate's.")
    champions: Mapping[str, Evaluation] = Field(description="The champions', by environment.")
    jobs: tuple[JobUse, ...] = Field(default=(), description="What the jobs took of machines.")


def subjects(inputs: Inputs) -> dict[str, tuple[Model, list[str]]]:
    """What to measure, by its key: a model, and who it is; a champion may be the candidate itself, or serve twice."""
    found: dict[str, tuple[Model, list[str]]] = {}
    named = [(CANDIDATE, inputs.model), *((who(champion), champion.model) for champion in inputs.champions)]
    for name, model in named:
        found.setdefault(evaluation_key(inputs, model, inputs.data), (model, []))[1].append(name)
    return found


def who(champion: Champion) -> str:
    """A champion as people call it."""
    return f"the champion in {champion.environment}"


def order(inputs: Inputs, model: Model, ctx: Context) -> JobOrder:
    """The processing job that measures a model."""

    def kept(job: str) -> bool:
        return _is_kept(inputs, model, job, ctx)

    return evaluation_order(inputs, model, inputs.data, kept, step=STEP.name, run=ctx.run.id)


def _is_kept(inputs: Inputs, model: Model, job: str, ctx: Context) -> bool:
    """Whether what is needed of what a job wrote is still there."""
    objects = ctx.accounts.tools.objects
    if inputs.predictions is not None and found_in(place_of(inputs, job), objects):
        return True
    return not _demands_predictions(inputs, model) and objects.exists(inputs.bucket, report_key(job))


def _demands_predictions(inputs: Inputs, model: Model) -> bool:
    """Of the candidate; a champion's image may be older than the predictions, and lack what writes them."""
    return inputs.predictions is not None and model.sha256 == inputs.model.sha256


def place_of(inputs: Inputs, job: str) -> Place:
    """The folder of what a job wrote."""
    return Place(bucket=inputs.bucket, prefix=evaluation_prefix(job))


def report_key(job: str) -> str:
    """The key of a job's report in the artifact bucket."""
    return f"{evaluation_prefix(job)}{evaluation_report.FILE}"


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """The script, and a job for every model that was not measured on these rows before."""
    tools = ctx.accounts.tools
    jobs = [job for model, _ in subjects(inputs).values() for job in foresee(order(inputs, model, ctx), tools)]
    return (*(foresee_upload(inputs.script, tools, inputs.bucket) if jobs else ()), *jobs)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Measure all models at once."""
    if inputs.predictions is not None:
        require_statistics()
    upload_script(inputs.script, ctx.folder, ctx.accounts.tools.objects, inputs.bucket)
    measured, jobs = _measured(inputs, ctx)
    for key, (_, names) in subjects(inputs).items():
        ctx.report.fact(f"{' and '.join(names)}: {_in_words(measured[key], inputs.metrics)}")
    return Result(
        evaluation=measured[evaluation_key(inputs, inputs.model, inputs.data)],
        champions={
            champion.environment: measured[evaluation_key(inputs, champion.model, inputs.data)]
            for champion in inputs.champions
        },
        jobs=jobs,
    )


def _measured(inputs: Inputs, ctx: Context) -> tuple[dict[str, Evaluation], tuple[JobUse, ...]]:
    """Every evaluation by its key, and what the jobs took."""
    wanted, turn = subjects(inputs), Lock()
    tasks = [
        Task(name=name, work=partial(measure, inputs, model, name, turn))
        for name, model in ((" and ".join(names), model) for model, names in wanted.values())
    ]
    done = side_by_side(tasks, ctx)
    return {key: evaluation for key, (evaluation, _) in zip(wanted, done, strict=True)}, tuple(use for _, use in done)


def measure(inputs: Inputs, model: Model, name: str, turn: Lock, ctx: Context) -> tuple[Evaluation, JobUse]:
    """One model's evaluation; predictions take memory, so that those of several models are measured in ``turn``."""
    job = complete(order(inputs, model, ctx), ctx.accounts.tools, ctx)
    return _read(inputs, model, job, turn, ctx), use_of(job, inputs.resources, name)


def _read(inputs: Inputs, model: Model, job: JobState, turn: Lock, ctx: Context) -> Evaluation:
    """What a job's script wrote."""
    tools = ctx.accounts.tools
    if inputs.predictions is not None:
        wanted = Wanted(
            place=place_of(inputs, job.name),
            settings=inputs.predictions,
            metrics=inputs.metrics,
            demanded=_demands_predictions(inputs, model),
        )
        names = {"model": model.sha256, "data": inputs.data.digest, "job": job.name}
        with turn:
            return evaluated(wanted, tools.objects, ctx.report, **names)
    where = f"s3://{inputs.bucket}/{report_key(job.name)}"
    written = tools.objects.read(inputs.bucket, report_key(job.name))
    if written is None:
        raise UserCodeFailedError(
            f"the script {inputs.script.path} ended well, but the processing job {job.name} in account {tools.id}, "
            f"{tools.region}, left no {where}; write it to {OUTPUT}/{evaluation_report.FILE}"
        )
    return Evaluation(
        model=model.sha256,
        data=inputs.data.digest,
        metrics=evaluation_report.parse(written.body, inputs.metrics, where),
        report=where,
        job=job.name,
    )


def _in_words(evaluation: Evaluation, metrics: Sequence[str]) -> str:
    return ", ".join(f"{name} {_metric_in_words(evaluation.metrics[name])}" for name in metrics)


def _metric_in_words(metric: Metric) -> str:
    interval = metric.interval
    return f"{metric.value:.6g}" + (f" ({interval.low:.4g} to {interval.high:.4g})" if interval else "")


def leave(inputs: Inputs, ctx: Context) -> None:
    """Stop the jobs, or leave them to the next build."""
    _measured(inputs, ctx)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, leave=leave, account="tools", effect="write")
