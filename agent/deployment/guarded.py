"""How a release comes to an environment that gates may keep it out of: what the steps `deploy` and `promote` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agent.config.environment import Environment
from agent.config.gate_overrides import GateOverrides
from agent.config.releases import Releases
from agent.deployment.approval import approved
from agent.deployment.deploy import bring, planned, recalled, under_way
from agent.deployment.deployed import Deployed
from agent.deployment.order import Order, enter, order_of
from agent.deployment.strategy import DESCRIPTION, StrategyChoice
from agent.gates.admission import kept_out, overrides_at
from agent.release.verification import Demands, verify
from agent.step import StepModel, unkeyed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.context import Context
    from agent.ledger.environments import Deployment
    from agent.step import Action


class GuardedInputs(StepModel):
    """What goes where."""

    project: str = Field(description="Project.")
    release: str = Field(description="Digest of the release.")
    environment_name: str = Field(description="Name of the environment.")
    environment: Environment = Field(description="The environment.")
    gate_overrides: GateOverrides = unkeyed(default=GateOverrides(), description="Who may override a gate.")
    releases: Releases = unkeyed(default=Releases(), description="Whose signatures count.")
    strategy: StrategyChoice = unkeyed(default="configured", description=DESCRIPTION)

    def order(self, action: Literal["deploy", "promote"], ctx: Context) -> Order:
        """The order that it comes to."""
        return order_of(self.release, self.environment, self.strategy, ctx, name=self.environment_name, action=action)


def _any() -> None:
    """Every release may try."""


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """An order whose release must get past the gates; ``admit`` raises where it may not even try."""

    inputs: GuardedInputs
    order: Order
    admit: Callable[[], None] = _any

    def planned(self, ctx: Context) -> Sequence[Action]:
        """What it would write now; nothing where gates keep the release out."""
        self.admit()
        return () if self._refused(ctx) else planned(self.order, ctx)

    def recalled(self, ctx: Context) -> Deployed | None:
        """What is live, if that is the release, deployed as the environment is configured now."""
        found = recalled(self.order, ctx)
        return None if found is None else self._result(found, ctx)

    def brought(self, ctx: Context) -> Deployed:
        """Ask for everything that the release must have behind it, and only then touch the environment."""
        if under_way(self.order, ctx):
            return self._result(bring(self.order, ctx), ctx)
        self.admit()
        refused = self._refused(ctx)
        if refused:
            return Deployed.kept_out(self.order.name, self.order.digest, refused)
        order, environment = approved(self.order, ctx), self.inputs.environment
        demands = Demands.of(environment, self.inputs.releases, approved=environment.production)
        tools, target = ctx.accounts.tools, enter(environment, ctx)
        verify(order.release, order.digest, demands, tools=tools, target=target)
        return self._result(bring(order, ctx), ctx)

    def _refused(self, ctx: Context) -> str:
        order = self.order
        refused = kept_out(order.release, order.digest, order.name, self.inputs.gate_overrides, ctx)
        if refused:
            ctx.report.warn(refused)
        return refused

    def _result(self, deployment: Deployment, ctx: Context) -> Deployed:
        """What is live, with the overrides that counted when it began to be."""
        rule, at = self.inputs.gate_overrides, deployment.started
        overrides = overrides_at(self.order.release, self.order.name, rule, ctx, at=at)
        for override in overrides:
            ctx.report.warn(override)
        return Deployed.by(deployment, overrides)
