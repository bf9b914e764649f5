"""Take a release that an environment has proved to the next one; nothing is rebuilt on the way."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.model import Tools
from agent.deployment.deploy import bring
from agent.deployment.deployed import Deployed
from agent.deployment.guarded import Guarded, GuardedInputs
from agent.deployment.promotion import require_promotable
from agent.step import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.step import Action

Result = Deployed


class Inputs(GuardedInputs):
    """What goes where, and what it must have passed."""

    tools: Tools = Field(description="Account of data, images and releases.")
    before: tuple[str, ...] = Field(description="Names of the environments that come before it, in order.")
    main_branches: tuple[str, ...] = Field(description="Branches whose releases may go to any environment.")


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What promoting would write now, if the release may be promoted; nothing where gates keep the release out."""
    return _guarded(inputs, ctx).planned(ctx)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What is live, if that is the release, deployed as the environment is configured now."""
    return _guarded(inputs, ctx).recalled(ctx)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask for everything that the release must have behind it, and only then touch the environment."""
    return _guarded(inputs, ctx).brought(ctx)


def leave(inputs: Inputs, ctx: Context) -> None:
    """Note how far it came, and give the environment's lease back; what SageMaker does goes on."""
    bring(inputs.order("promote", ctx), ctx)


def _guarded(inputs: Inputs, ctx: Context) -> Guarded:
    order = inputs.order("promote", ctx)
    admit = partial(require_promotable, order, inputs.before, inputs.main_branches, ctx)
    return Guarded(inputs=inputs, order=order, admit=admit)


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
