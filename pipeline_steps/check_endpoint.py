"""Ask the deployed endpoint what it must know, and measure it on rows it has not seen, through its own door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import DataSet
from agent.config.environment import Environment
from agent.deployment import sample
from agent.deployment.checks import Measured, ask, measured
from agent.deployment.order import enter
from agent.errors import InputMissingError, UsageError, UserCodeFailedError
from agent.ledger.environments import Checked, Environments
from agent.naming import short
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context
    from agent.ledger.environments import Deployment
    from agent.ports.account import Account
    from agent.ports.endpoints import Endpoints


class Inputs(StepModel):
    """The endpoint and what it must do."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    release: str = Field(description="Digest of the release that is live.")
    config: str = Field(description="Name of the endpoint configuration that is live.")
    environment_name: str = Field(description="Name of the environment.")
    environment: Environment = Field(description="The environment, with its checks.")
    sample: DataSet | None = Field(description="Held-out data set of `checks.sample`.")


class Result(StepModel):
    """What it did."""

    requests: int = Field(description="Number of declared requests that were answered as expected.")
    rows: int = Field(description="Number of held-out rows that were sent.")
    metric: str | None = Field(default=None, description="Metric of labels and answers.")
    value: float | None = Field(default=None, description="Its value, in its own unit.")


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What the same check of the same deployment came to, if it passed."""
    environments = Environments(ctx.ledger)
    check = environments.checked(inputs.environment_name, inputs.release)
    if check is None or not check.passed or check.key != ctx.key:
        return None
    current = environments.current(inputs.environment_name)
    if current is None or current.number != check.deployment:
        return None
    return Result(requests=check.requests, rows=check.rows, metric=check.metric, value=check.value)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask and measure; the ledger remembers what came of it, since a promotion asks for that."""
    environments = Environments(ctx.ledger)
    deployment = _deployment(inputs, environments)
    target = enter(inputs.environment, ctx)
    _require_live(inputs, target)
    name = inputs.environment.endpoint.name
    requests = inputs.environment.checks.requests
    ctx.report.doing(f"asking endpoint {name} {len(requests)} questions")
    failures = ask(target.endpoints, name, requests)
    rows, found = _sample(inputs, ctx, target.endpoints)
    failures += found.failures
    sampled = inputs.environment.checks.sample
    result = Result(requests=len(requests), rows=rows, metric=sampled.metric if sampled else None, value=found.value)
    environments.keep_check(_record(inputs, ctx, deployment, result, passed=not failures))
    if failures:
        where = f"account {target.id}, {target.region}"
        raise UserCodeFailedError(
            "\n".join([f"endpoint {name} in {where} does not do what it must:", *(f"  {each}" for each in failures)])
        )
    if sampled is not None and found.value is not None:
        ctx.report.fact(f"{sampled.metric} {found.value:.6g} on {rows} held-out rows through endpoint {name}")
    return result


def _deployment(inputs: Inputs, environments: Environments) -> Deployment:
    current = environments.current(inputs.environment_name)
    if current is None or (current.release, current.config) != (inputs.release, inputs.config):
        has = f"release {short(current.release)} as {current.config}" if current else "nothing"
        raise InputMissingError(
            f"release {short(inputs.release)} is not deployed to {inputs.environment_name} as {inputs.config}: it has "
            f"{has}; deploy it again"
        )
    return current


def _require_live(inputs: Inputs, target: Account) -> None:
    """An endpoint that was changed behind the history's back must not vouch for the release."""
    name = inputs.environment.endpoint.name
    state = target.endpoints.describe(name)
    if state is None or state.config != inputs.config:
        serves = f"serves {state.config}" if state else "is gone"
        raise InputMissingError(
            f"endpoint {name} in account {target.id}, {target.region} {serves}, not {inputs.config}; deploy it again"
        )


def _sample(inputs: Inputs, ctx: Context, endpoints: Endpoints) -> tuple[int, Measured]:
    """How many held-out rows were sent, and what they came to."""
    wanted = inputs.environment.checks.sample
    if wanted is None:
        return 0, Measured(value=None)
    if inputs.sample is None:
        raise UsageError(f"`checks.sample` of {inputs.environment_name} needs the data set {wanted.data}")
    ctx.report.doing(f"sending up to {wanted.rows} held-out rows to endpoint {inputs.environment.endpoint.name}")
    rows = sample.pick(ctx.accounts.tools.objects, inputs.sample, wanted.rows)
    return len(rows), measured(endpoints, inputs.environment.endpoint.name, rows, wanted)


def _record(inputs: Inputs, ctx: Context, deployment: Deployment, result: Result, *, passed: bool) -> Checked:
    return Checked(
        environment=inputs.environment_name,
        release=inputs.release,
        deployment=deployment.number,
        key=ctx.key,
        passed=passed,
        requests=result.requests,
        rows=result.rows,
        metric=result.metric,
        value=result.value,
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
