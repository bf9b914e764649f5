"""What is asked for when a release is to be live: the release, the environment, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from agent.deployment.desired import Desired, desired
from agent.deployment.strategy import updated_by
from agent.naming import short
from agent.release.store import ReleaseStore

if TYPE_CHECKING:
    from agent.artifacts import Release
    from agent.config.environment import Environment
    from agent.context import Context
    from agent.deployment.strategy import StrategyChoice
    from agent.ledger.approvals import Approved
    from agent.ports.account import Account


class Bringing(Protocol):
    """Something that is to be live: ``label`` is what people call it, ``digest`` what tells it from any other."""

    @property
    def label(self) -> str:
        """Such as *release 0123456789ab*."""

    @property
    def digest(self) -> str:
        """Its sha256."""

    @property
    def name(self) -> str:
        """Where it is to be live, as people and leases call it."""

    @property
    def environment(self) -> Environment:
        """Where, in full."""

    @property
    def action(self) -> Literal["deploy", "promote", "rollback"]:
        """How it comes there."""

    @property
    def approval(self) -> Approved | None:
        """What allows it, where it needs that."""

    def desired(self, ctx: Context) -> Desired:
        """What it comes to."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A release that is to be live in an environment; ``digest`` is the release's, ``name`` the environment's.

    ``approval`` is the one that allows it, as soon as that was looked for and the environment needs one.
    """

    release: Release
    digest: str
    name: str
    environment: Environment
    action: Literal["deploy", "promote", "rollback"]
    approval: Approved | None = None

    @property
    def label(self) -> str:
        """See :class:`Bringing`."""
        return f"release {short(self.digest)}"

    def desired(self, ctx: Context) -> Desired:
        """See :class:`Bringing`."""
        return desired(self.release, self.digest, name=self.name, environment=self.environment, run=ctx.run.id)


def order_of(
    digest: str,
    environment: Environment,
    strategy: StrategyChoice,
    ctx: Context,
    *,
    name: str,
    action: Literal["deploy", "promote", "rollback"],
) -> Order:
    """The order of a release that the ledger has, with the strategy that was chosen for it."""
    return Order(
        release=ReleaseStore(ctx.ledger).read(digest),
        digest=digest,
        name=name,
        environment=updated_by(environment, strategy, name),
        action=action,
    )


def enter(environment: Environment, ctx: Context) -> Account:
    """The environment's account, with the identity that deploys there."""
    return ctx.accounts.assume(
        account=environment.account,
        region=environment.region,
        role=environment.deploy_role,
        external_id=environment.external_id,
    )
