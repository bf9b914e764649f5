"""Ask the deployed endpoint what it must know, and measure it on rows it has not seen, through its own door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import DataSet
from agent.config.environment import Environment
from agent.deployment.answered import HeldOut
from agent.deployment.examination import Answers, Examination, examine
from agent.errors import InputMissingError
from agent.evaluation.through_endpoint import ThroughEndpoint, place_of
from agent.ledger.environments import Checked, Environments
from agent.naming import short
from agent.release.store import ReleaseStore
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context
    from agent.deployment.examination import Examined
    from agent.ledger.environments import Deployment


class Inputs(StepModel):
    """The endpoint and what it must do."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    release: str = Field(description="Digest of the release that is live.")
    config: str = Field(description="Name of the endpoint configuration that is live.")
    environment_name: str = Field(description="Name of the environment.")
    environment: Environment = Field(description="The environment, with its checks.")
    sample: DataSet | None = Field(description="Held-out data set of `checks.sample`.")
    evaluation: ThroughEndpoint | None = Field(default=None, description="What `checks.evaluation` needs to know.")


class Result(Answers):
    """What it did."""


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What the same check of the same deployment came to, if it passed."""
    environments = Environments(ctx.ledger)
    check = environments.checked(inputs.environment_name, inputs.release)
    if check is None or not check.passed or check.key != ctx.key:
        return None
    current = environments.current(inputs.environment_name)
    if current is None or current.number != check.deployment:
        return None
    return Result.model_validate(check.model_dump(include=set(Result.model_fields)))


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask and measure; the ledger remembers what came of it, since a promotion asks for that."""
    environments = Environments(ctx.ledger)
    deployment = _deployment(inputs, environments)
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
    environments.keep_check(_record(inputs, ctx, deployment, found))
    found.require_passed(ctx)
    return Result(**found.answers.model_dump())


def _held_out(inputs: Inputs, ctx: Context) -> HeldOut | None:
    """Rows for the release's own model, beside its own evaluation."""
    if inputs.evaluation is None:
        return None
    own = ReleaseStore(ctx.ledger).read(inputs.release).evaluation
    return HeldOut(wanted=inputs.evaluation, place=place_of(inputs.bucket, inputs.project, STEP.name, ctx), own=own)


def _deployment(inputs: Inputs, environments: Environments) -> Deployment:
    current = environments.current(inputs.environment_name)
    if current is None or (current.release, current.config) != (inputs.release, inputs.config):
        has = f"release {short(current.release)} as {current.config}" if current else "nothing"
        raise InputMissingError(
            f"release {short(inputs.release)} is not deployed to {inputs.environment_name} as {inputs.config}: it has "
            f"{has}; deploy it again"
        )
    return current


def _record(inputs: Inputs, ctx: Context, deployment: Deployment, found: Examined) -> Checked:
    return Checked(
        environment=inputs.environment_name,
        release=inputs.release,
        deployment=deployment.number,
        key=ctx.key,
        passed=not found.answers.missed,
        **found.answers.model_dump(),
        run=ctx.run.id,
        ended=ctx.clock.now(),
    )


STEP = Step(
    inputs=Inputs,
    result=Result,
    run=run,
    account="environment",
    effect="read",
    recall=recall,
    cached=False,
)
