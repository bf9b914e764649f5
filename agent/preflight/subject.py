"""An account that is looked at, and what the looks at it have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.bootstrap import identities
from agent.bootstrap.orders import TOOLS, orders
from agent.bootstrap.resolving import Resolved
from agent.errors import ModelyardError
from agent.preflight.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.bootstrap.orders import StackOrder
    from agent.config.environment import Environment
    from agent.config.model import Configuration
    from agent.ports.account import Account
    from agent.preflight.finding import Severity

UNKNOWN_KEY = ""
"""The ARN of a key that nobody could tell."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An account by the name ``tools`` or its environment's, as the pipeline enters it."""

    name: str
    account: Account
    configuration: Configuration
    image_sources: str | None = None

    @property
    def environment(self) -> Environment | None:
        """Its environment; None for the tools account."""
        return None if self.name == TOOLS else self.configuration.environments[self.name]

    @property
    def section(self) -> str:
        """Where the configuration speaks of it."""
        return TOOLS if self.environment is None else f"environments.{self.name}"

    @property
    def role(self) -> str | None:
        """The role that the pipeline works as there, if it is told one."""
        environment = self.environment
        return self.configuration.tools.role if environment is None else environment.deploy_role

    @property
    def execution_role(self) -> str:
        """The role that jobs or endpoints run with."""
        return (self.environment or self.configuration.tools).execution_role

    @property
    def kms_key(self) -> str | None:
        """The key that is configured."""
        return (self.environment or self.configuration.tools).kms_key

    @property
    def bucket(self) -> str:
        """The artifact bucket."""
        tools = self.configuration.tools
        return naming.bucket(self.configuration.project, tools.account, tools.region)

    @property
    def apply(self) -> str:
        """The command that mends what bootstrap has made."""
        return f"modelyard bootstrap apply --account {self.name}"

    @cached_property
    def order(self) -> StackOrder:
        """What bootstrap would make here; raises UsageError for a project that it would not make."""
        return next(order for order in orders(self.configuration) if order.label == self.name)

    @cached_property
    def declared(self) -> Resolved:
        """The template as it is for this account; it knows the key where the account tells it."""
        order = self.order
        return Resolved(
            template=order.template,
            parameters=order.parameters,
            account=order.account,
            region=order.region,
            partition=identities.partition(self.configuration),
            attributes={
                "Key.Arn": self.made_key,
                "SigningKeyA.Arn": self.signing_key,
                "SigningKeyB.Arn": self.signing_key,
            },
        )

    @cached_property
    def made_key(self) -> str:
        """The ARN of the key that bootstrap makes here, by its alias."""
        alias = self.order.parameters["KeyAlias"]
        if not alias or self.order.parameters["ExistingKey"]:
            return UNKNOWN_KEY
        partition = identities.partition(self.configuration)
        try:
            return self.account.policies.key(
                f"arn:{partition}:kms:{self.order.region}:{self.order.account}:{alias}"
            ).arn
        except ModelyardError:
            return UNKNOWN_KEY

    @property
    def signing_key_name(self) -> str | None:
        """What the key that signs releases is called, where releases are signed, and signed here."""
        releases = self.configuration.releases
        if self.environment is not None or not releases.sign:
            return None
        return releases.signing_key or naming.signing_key(self.configuration.project)

    @cached_property
    def signing_key(self) -> str:
        """The ARN of that key."""
        name = self.signing_key_name
        try:
            return self.account.keys.public_key(name).arn if name is not None else UNKNOWN_KEY
        except ModelyardError:
            return UNKNOWN_KEY

    def found(self, severity: Severity, what: str, resource: str, why: str, **more: Any) -> Finding:
        """A finding about this account."""
        account = self.account
        return Finding(
            severity=severity, what=what, place=self.name, account=account.id, region=account.region,
            resource=resource, why=why, **more,
        )  # fmt: skip

    def ok(self, what: str, resource: str, why: str = "") -> Finding:
        """All is well."""
        return self.found("ok", what, resource, why or resource)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A look at one thing: ``ask`` answers findings, or raises what is wrong.

    ``needed`` is what the pipeline itself could not do either; anything else that may not be asked is a warning.
    ``hints`` (``fix``, ``key``, ``template``) go with what is raised.
    """

    subject: Subject
    what: str
    resource: str
    ask: Callable[[], Iterable[Finding]]
    needed: bool = True
    hints: dict[str, str] = field(default_factory=dict)
