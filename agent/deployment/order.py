"""What is asked for when a release is to be live: the release, the environment, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.deployment.desired import Desired, desired

if TYPE_CHECKING:
    from agent.artifacts import Release
    from agent.config.environment import Environment
    from agent.context import Context
    from agent.ledger.approvals import Approved
    from agent.ports.account import Account


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

    def desired(self, ctx: Context) -> Desired:
        """What it comes to."""
        return desired(self.release, self.digest, name=self.name, environment=self.environment, run=ctx.run.id)


def enter(environment: Environment, ctx: Context) -> Account:
    """The environment's account, with the identity that deploys there."""
    return ctx.accounts.assume(
        account=environment.account,
        region=environment.region,
        role=environment.deploy_role,
        external_id=environment.external_id,
    )
