"""Ask a pull request's endpoint what the environment beside it must know; nothing of it counts for a promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import DataSet, Evaluation
from agent.config.environment import Environment
from agent.deployment.answered import HeldOut
from agent.deployment.examination import Answers, Examination, examine
from agent.evaluation.through_endpoint import ThroughEndpoint, place_of
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context


class Inputs(StepModel):
    """The endpoint and what it must do."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    config: str = Field(description="Name of the endpoint configuration that is live.")
    environment_name: str = Field(description="Name of the environment in whose account it stands.")
    environment: Environment = Field(description="That environment with the endpoint and its checks.")
    sample: DataSet | None = Field(description="Held-out data set of `checks.sample`.")
    evaluation: ThroughEndpoint | None = Field(default=None, description="What `checks.evaluation` needs to know.")
    own: Evaluation | None = Field(default=None, description="The model's own evaluation, where that is needed.")


class Result(Answers):
    """What it did."""


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask and measure; neither the environment's history nor its checks know of it."""
    found = examine(
        Examination(
            name=inputs.environment_name,
            environment=inputs.environment,
            config=inputs.config,
            sample=inputs.sample,
            held_out=_held_out(inputs, ctx),
        ),
        ctx,
    )
    found.require_passed(ctx)
    return Result(**found.answers.model_dump())


def _held_out(inputs: Inputs, ctx: Context) -> HeldOut | None:
    """Rows for the pull request's model, beside its own evaluation."""
    if inputs.evaluation is None or inputs.own is None:
        return None
    return HeldOut(
        wanted=inputs.evaluation, place=place_of(inputs.bucket, inputs.project, STEP.name, ctx), own=inputs.own
    )


STEP = Step(inputs=Inputs, result=Result, run=run, account="environment", effect="read", cached=False)
