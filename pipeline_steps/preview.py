"""Serve a pull request's model for a while at an endpoint of its own, where nobody depends on it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Model
from agent.config.environment import Environment
from agent.deployment.preview import PreviewOrder, bring_preview, planned_preview, recalled_preview
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.deployment.preview import Preview
    from agent.step import Action


class Inputs(StepModel):
    """What is served where, and for how long."""

    project: str = Field(description="Project.")
    pull_request: int = Field(description="Number of the pull request.")
    model: Model = Field(description="The model that was trained.")
    environment_name: str = Field(description="Name of the environment in whose account the endpoint stands.")
    environment: Environment = Field(description="That environment, with the endpoint of the pull request.")
    time_to_live: int = Field(description="How long the endpoint stays, in seconds.")


class Result(StepModel):
    """The endpoint."""

    environment_name: str = Field(description="Name of the environment in whose account it stands.")
    endpoint: str = Field(description="ARN of the endpoint.")
    name: str = Field(description="Its name.")
    config: str = Field(description="Name of the endpoint configuration that is live.")
    model: str = Field(description="sha256 of the model's artifact.")
    expires: str = Field(description="When `modelyard clean` may remove it: RFC 3339, UTC.")


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What serving the model would write now."""
    return planned_preview(_order(inputs), ctx)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """The endpoint, if it serves the model and has just been told to stay."""
    found = recalled_preview(_order(inputs), ctx)
    return None if found is None else _result(inputs, found)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Make the endpoint, or update the one of an earlier build, and put its end off."""
    return _result(inputs, bring_preview(_order(inputs), ctx))


def leave(inputs: Inputs, ctx: Context) -> None:
    """Give the lease back; what SageMaker does goes on, and ends when the endpoint expires."""
    bring_preview(_order(inputs), ctx)


def _order(inputs: Inputs) -> PreviewOrder:
    return PreviewOrder(
        project=inputs.project,
        model=inputs.model,
        environment=inputs.environment,
        pull_request=inputs.pull_request,
        time_to_live=timedelta(seconds=inputs.time_to_live),
    )


def _result(inputs: Inputs, found: Preview) -> Result:
    return Result(
        environment_name=inputs.environment_name,
        endpoint=found.arn,
        name=found.name,
        config=found.config,
        model=inputs.model.sha256,
        expires=found.expires,
    )


STEP = Step(
    inputs=Inputs,
    result=Result,
    run=run,
    account="environment",
    effect="write",
    plan=plan,
    recall=recall,
    leave=leave,
    cached=False,
)
