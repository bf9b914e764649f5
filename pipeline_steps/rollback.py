"""Bring an environment back to a release that it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.environment import Environment
from agent.deployment.deploy import bring, planned, recalled
from agent.deployment.deployed import Deployed
from agent.deployment.order import Order, enter
from agent.deployment.promotion import release_before, require_known
from agent.ledger.environments import Environments
from agent.release.store import ReleaseStore
from agent.release.verification import verify
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.step import Action


class Inputs(StepModel):
    """Where, and how far."""

    project: str = Field(description="Project.")
    environment_name: str = Field(description="Name of the environment.")
    environment: Environment = Field(description="The environment.")
    release: str | None = Field(default=None, description="Digest of the release; without it, the one before.")


class Result(Deployed):
    """What is live."""


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What going back would write now."""
    return planned(_order(inputs, ctx), ctx)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What is live, if that is the release asked for; *the one before* is never live yet."""
    if inputs.release is None:
        return None
    found = recalled(_order(inputs, ctx), ctx)
    return None if found is None else Result.by(found)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Verify the older release and make it live again, from what was kept of it or from its artifact."""
    order = _order(inputs, ctx)
    ctx.report.fact(f"{inputs.environment_name} goes back to release {order.digest}")
    verify(order.release, order.digest, tools=ctx.accounts.tools, target=enter(inputs.environment, ctx))
    return Result.by(bring(order, ctx))


def _order(inputs: Inputs, ctx: Context) -> Order:
    history = Environments(ctx.ledger).history(inputs.environment_name)
    digest = inputs.release or release_before(history, inputs.environment_name)
    require_known(digest, history, inputs.environment_name)
    return Order(
        release=ReleaseStore(ctx.ledger).read(digest),
        digest=digest,
        name=inputs.environment_name,
        environment=inputs.environment,
        action="rollback",
    )


STEP = Step(
    inputs=Inputs,
    result=Result,
    run=run,
    account="environment",
    effect="write",
    plan=plan,
    recall=recall,
    cached=False,
)
