"""Ask a pull request's endpoint what the environment beside it must know; nothing of it counts for a promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import DataSet
from agent.config.environment import Environment
from agent.deployment.examination import Answers, Examination, examine
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context


class Inputs(StepModel):
    """The endpoint and what it must do."""

    config: str = Field(description="Name of the endpoint configuration that is live.")
    environment_name: str = Field(description="Name of the environment in whose account it stands.")
    environment: Environment = Field(description="That environment with the endpoint and its checks.")
    sample: DataSet | None = Field(description="Held-out data set of `checks.sample`.")


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
        ),
        ctx,
    )
    found.require_passed(ctx)
    return Result(**found.answers.model_dump())


STEP = Step(inputs=Inputs, result=Result, run=run, account="environment", effect="read", cached=False)
