"""Take a release that an environment has proved to the next one; nothing is rebuilt on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.environment import Environment
from agent.config.gate_overrides import GateOverrides
from agent.config.model import Tools
from agent.config.releases import Releases
from agent.deployment.approval import approved
from agent.deployment.deploy import bring, planned, recalled, under_way
from agent.deployment.deployed import Deployed
from agent.deployment.order import Order, enter
from agent.deployment.promotion import require_proved
from agent.deployment.strategy import DESCRIPTION, StrategyChoice, updated_by
from agent.gates.admission import kept_out, overrides_at
from agent.ledger.environments import Environments
from agent.release.origins import Origins, branches_of_candidate, require_admitted
from agent.release.store import ReleaseStore
from agent.release.verification import Demands, verify
from agent.step import Step, StepModel, unkeyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.ledger.environments import Deployment
    from agent.step import Action


class Inputs(StepModel):
    """What goes where, and what it must have passed."""

    project: str = Field(description="Project.")
    release: str = Field(description="Digest of the release.")
    tools: Tools = Field(description="Account of data, images and releases.")
    environment_name: str = Field(description="Name of the environment to promote to.")
    environment: Environment = Field(description="The environment.")
    before: tuple[str, ...] = Field(description="Names of the environments that come before it, in order.")
    main_branches: tuple[str, ...] = Field(description="Branches whose releases may go to any environment.")
    gate_overrides: GateOverrides = unkeyed(default=GateOverrides(), description="Who may override a gate.")
    releases: Releases = unkeyed(default=Releases(), description="Whose signatures count.")
    strategy: StrategyChoice = unkeyed(default="configured", description=DESCRIPTION)


class Result(Deployed):
    """What is live."""


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What promoting would write now, if the release may be promoted; nothing where gates keep the release out."""
    order = _admitted(inputs, ctx)
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
    """Ask for everything that the release must have behind it, and only then touch the environment."""
    order = _order(inputs, ctx)
    if not under_way(order, ctx):
        order = _admitted(inputs, ctx)
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


def _admitted(inputs: Inputs, ctx: Context) -> Order:
    """The order, once it is sure that the release may go to the environment."""
    order = _order(inputs, ctx)
    main = inputs.main_branches
    candidate_of = branches_of_candidate(Origins(ctx.ledger).of(order.digest, order.release), main)
    first = not inputs.before
    require_admitted(order.digest, candidate_of, order.environment, name=order.name, first=first, main=main)
    require_proved(inputs.release, inputs.before, Environments(ctx.ledger))
    return order


def _order(inputs: Inputs, ctx: Context) -> Order:
    return Order(
        release=ReleaseStore(ctx.ledger).read(inputs.release),
        digest=inputs.release,
        name=inputs.environment_name,
        environment=updated_by(inputs.environment, inputs.strategy, inputs.environment_name),
        action="promote",
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
