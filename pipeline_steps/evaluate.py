"""Measure the model, and the deployed ones that it is compared with, on the same rows it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Champion, Evaluation, JobUse, Metric, Model
from agent.config.predictions import Predictions
from agent.evaluation import by_job
from agent.evaluation.by_job import Judged
from agent.evaluation.extra import require_statistics
from agent.jobs.evaluation_job import EvaluationInputs, evaluation_key
from agent.jobs.side_by_side import Task, side_by_side
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context

CANDIDATE = "the candidate"


class Inputs(EvaluationInputs):
    """The jobs: one for the candidate and one for each champion, in each model's own image."""

    champions: tuple[Champion, ...] = Field(description="Deployed models that a gate compares with.")
    metrics: tuple[str, ...] = Field(
        description="Names of the metrics that the script writes, or that are computed of its predictions."
    )
    predictions: Predictions | None = Field(default=None, description="How what is predicted is measured, if it is.")


class Result(StepModel):
    """What the models achieve."""

    evaluation: Evaluation = Field(description="The candidate's.")
    champions: Mapping[str, Evaluation] = Field(description="The champions', by environment.")
    jobs: tuple[JobUse, ...] = Field(default=(), description="What the jobs took of machines.")


def subjects(inputs: Inputs) -> dict[str, Judged]:
    """What to measure, by its key; a champion may be the candidate itself, or serve twice.

    Predictions are demanded of the candidate: a champion's image may be older than these, and lack what writes them.
    """
    found: dict[str, tuple[Model, list[str]]] = {}
    named = [(CANDIDATE, inputs.model), *((who(champion), champion.model) for champion in inputs.champions)]
    for name, model in named:
        found.setdefault(evaluation_key(inputs, model, inputs.data), (model, []))[1].append(name)
    return {
        key: Judged(
            name=" and ".join(names),
            step=STEP.name,
            model=model,
            data=inputs.data,
            predictions=inputs.predictions,
            metrics=inputs.metrics,
            demanded=model.sha256 == inputs.model.sha256,
        )
        for key, (model, names) in found.items()
    }


def who(champion: Champion) -> str:
    """A champion as people call it."""
    return f"the champion in {champion.environment}"


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """The script, and a job for every model that was not measured on these rows before."""
    return by_job.foreseen(inputs, tuple(subjects(inputs).values()), ctx)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Measure all models at once."""
    if inputs.predictions is not None:
        require_statistics()
    by_job.bring_script(inputs, ctx)
    measured, jobs = _measured(inputs, ctx)
    for key, judged in subjects(inputs).items():
        ctx.report.fact(f"{judged.name}: {_in_words(measured[key], inputs.metrics)}")
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
    tasks = [Task(name=judged.name, work=partial(by_job.evaluate, inputs, judged, turn)) for judged in wanted.values()]
    done = side_by_side(tasks, ctx)
    return {key: evaluation for key, (evaluation, _) in zip(wanted, done, strict=True)}, tuple(use for _, use in done)


def _in_words(evaluation: Evaluation, metrics: Sequence[str]) -> str:
    return ", ".join(f"{name} {_metric_in_words(evaluation.metrics[name])}" for name in metrics)


def _metric_in_words(metric: Metric) -> str:
    interval = metric.interval
    return f"{metric.value:.6g}" + (f" ({interval.low:.4g} to {interval.high:.4g})" if interval else "")


def leave(inputs: Inputs, ctx: Context) -> None:
    """Stop the jobs, or leave them to the next build."""
    _measured(inputs, ctx)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, leave=leave, account="tools", effect="write")
