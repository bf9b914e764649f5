"""Bring a release to an environment's endpoint, and prove that it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.environment import Environment
from agent.config.gate_overrides import GateOverrides
from agent.config.releases import Releases
from agent.deployment.approval import approved
from agent.deployment.deploy import bring, planned, recalled, under_way
from agent.deployment.deployed import Deployed
from agent.deployment.order import Order, enter
from agent.deployment.strategy import DESCRIPTION, StrategyChoice, updated_by
from agent.gates.admission import kept_out, overrides_at
from agent.release.store import ReleaseStore
from agent.release.verification import Demands, verify
from agent.step import Step, StepModel, unkeyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.ledger.environments import Deployment
    from agent.step import Action


class Inputs(StepModel):
    """What goes where."""

    project: str = Field(description="Project.")
    release: str = Field(description="Digest of the release.")
    environment_name: str = Field(description="Name of the environment.")
    environment: Environment = Field(description="The environment.")
    gate_overrides: GateOverrides = unkeyed(default=GateOverrides(), description="Who may override a gate.")
    releases: Releases = unkeyed(default=Releases(), description="Whose signatures count.")
    strategy: StrategyChoice = unkeyed(default="configured", description=DESCRIPTION)


class Result(Deployed):
    """What is live."""


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What deploying would write now; nothing where gates keep the release out."""
    order = _order(inputs, ctx)
    refused = kept_out(order.release, order.digest, order.name, inputs.gate_overrides, ctx)
    if refused:
        ctx.report.warn(refused)
        return ()
    return planned(order, ctx)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What is live, if that is the release, deployed as the environment is configured now."""
    order = _order(inputs, ctx)
    found = recalled(order, ctx)
    return None if found is None else _result(found, order, inputs, ctx)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask what its gates say, verify the release, approved where the environment demands it, and make it live."""
    order = _order(inputs, ctx)
    if not under_way(order, ctx):
        refused = kept_out(order.release, order.digest, order.name, inputs.gate_overrides, ctx)
        if refused:
            ctx.report.warn(refused)
            return Result.kept_out(order.name, order.digest, refused)
        order = approved(order, ctx)
        verify(
            order.release,
            order.digest,
            Demands.of(inputs.environment, inputs.releases, approved=inputs.environment.production),
            tools=ctx.accounts.tools,
            target=enter(inputs.environment, ctx),
        )
    return _result(bring(order, ctx), order, inputs, ctx)


def _result(deployment: Deployment, order: Order, inputs: Inputs, ctx: Context) -> Result:
    """What is live, with the overrides that counted when it began to be."""
    rule, at = inputs.gate_overrides, deployment.started
    overrides = overrides_at(order.release, order.name, rule, ctx, at=at)
    for override in overrides:
        ctx.report.warn(override)
    return Result.by(deployment, overrides)


def _order(inputs: Inputs, ctx: Context) -> Order:
    return Order(
        release=ReleaseStore(ctx.ledger).read(inputs.release),
        digest=inputs.release,
        name=inputs.environment_name,
        environment=updated_by(inputs.environment, inputs.strategy, inputs.environment_name),
        action="deploy",
    )


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
