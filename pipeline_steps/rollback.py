"""Bring an environment back to a release that it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.environment import Environment
from agent.config.releases import Releases
from agent.deployment.approval import approved
from agent.deployment.deploy import bring, planned, recalled, under_way
from agent.deployment.deployed import Deployed
from agent.deployment.order import Order, enter, order_of
from agent.deployment.promotion import brought_back, release_before, require_known
from agent.deployment.strategy import DESCRIPTION, StrategyChoice
from agent.ledger.environments import Environments
from agent.release.verification import Demands, verify
from agent.step import Step, StepModel, unkeyed
from agent.visit import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.step import Action

_GOAL = "going back"


class Inputs(StepModel):
    """Where, and how far."""

    project: str = Field(description="Project.")
    environment_name: str = Field(description="Name of the environment.")
    environment: Environment = Field(description="The environment.")
    release: str | None = Field(default=None, description="Digest of the release; without it, the one before.")
    releases: Releases = unkeyed(default=Releases(), description="Whose signatures count.")
    strategy: StrategyChoice = unkeyed(default="configured", description=DESCRIPTION)


class Goal(Note):
    """The release that a first visit found to be the one before; it must be that for all further ones."""

    release: str


class Result(Deployed):
    """What is live."""


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What going back would write now."""
    return planned(_order(inputs, ctx), ctx)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What is live, if that is the release asked for; *the one before* is live only where this run brought it back."""
    history = Environments(ctx.ledger).history(inputs.environment_name)
    if not inputs.release and brought_back(history, ctx.run.id) is None:
        return None
    found = recalled(_order(inputs, ctx), ctx)
    return None if found is None else Result.by(found)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Verify the older release and make it live again, from what was kept of it or from its artifact."""
    order = _order(inputs, ctx)
    if not ctx.visit.resumed:
        ctx.report.fact(f"{inputs.environment_name} goes back to release {order.digest}")
    ctx.visit.remember(_GOAL, Goal(release=order.digest))
    if not under_way(order, ctx):
        order = approved(order, ctx)
        demands = Demands.of(inputs.environment, inputs.releases)
        tools, target = ctx.accounts.tools, enter(inputs.environment, ctx)
        verify(order.release, order.digest, demands, tools=tools, target=target)
    return Result.by(bring(order, ctx))


def _order(inputs: Inputs, ctx: Context) -> Order:
    history = Environments(ctx.ledger).history(inputs.environment_name)
    chosen = ctx.visit.recall(_GOAL, Goal) if ctx.visit.resumed else None
    found = chosen.release if chosen else brought_back(history, ctx.run.id)
    digest = inputs.release or found or release_before(history, inputs.environment_name)
    require_known(digest, history, inputs.environment_name)
    return order_of(digest, inputs.environment, inputs.strategy, ctx, name=inputs.environment_name, action="rollback")


def leave(inputs: Inputs, ctx: Context) -> None:
    """Note how far it came, and give the environment's lease back; what SageMaker does goes on."""
    bring(_order(inputs, ctx), ctx)


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
