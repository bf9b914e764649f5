"""Bring a release to an environment's endpoint, and prove that it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.deployment.deploy import bring
from agent.deployment.deployed import Deployed
from agent.deployment.guarded import Guarded, GuardedInputs
from agent.step import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.step import Action

Inputs = GuardedInputs
Result = Deployed


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """What deploying would write now; nothing where gates keep the release out."""
    return _guarded(inputs, ctx).planned(ctx)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What is live, if that is the release, deployed as the environment is configured now."""
    return _guarded(inputs, ctx).recalled(ctx)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask what its gates say, verify the release, approved where the environment demands it, and make it live."""
    return _guarded(inputs, ctx).brought(ctx)


def leave(inputs: Inputs, ctx: Context) -> None:
    """Note how far it came, and give the environment's lease back; what SageMaker does goes on."""
    bring(inputs.order("deploy", ctx), ctx)


def _guarded(inputs: Inputs, ctx: Context) -> Guarded:
    return Guarded(inputs=inputs, order=inputs.order("deploy", ctx))


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
