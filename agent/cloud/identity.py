"""Who is calling and what they may do, as our services see it; the emulator behind it knows how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.wire import Request


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated principal; ``principal`` is the evaluator's own record of its policies.

    ``role`` is the ARN of the role that a session acts as.
    """

    arn: str
    account: str
    region: str
    principal: object = field(repr=False)
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Temporary credentials of a role session; never logged."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ResourcePolicy:
    """The policy a resource carries itself, with the account that owns it."""

    document: str | None
    owner: str


class Identity(Protocol):
    """Authentication and authorisation, by the same evaluator for every service of the cloud."""

    def authenticate(self, request: Request, service: str) -> Caller:
        """The caller of a SigV4-signed request; raises :class:`agent.cloud.errors.AwsError`."""

    def caller_of(self, access_key_id: str, region: str) -> Caller:
        """Whoever holds an access key that needs no signature here; raises AwsError for an unknown or expired one."""

    def authorize(
        self,
        caller: Caller,
        action: str,
        resource: str,
        conditions: Mapping[str, Any] | None = None,
        policy: ResourcePolicy | None = None,
    ) -> None:
        """Return when ``caller`` may do ``action`` on ``resource``; raise ``AccessDeniedException`` if not."""

    def authorize_key(self, caller: Caller, action: str, key: str, conditions: Mapping[str, Any]) -> None:
        """The same for a KMS key by its id, alias or ARN, whose own policy is asked, too."""

    def role_trusts(self, role_arn: str, service: str, source_arn: str | None = None) -> bool:
        """Whether the role exists and its trust policy lets ``service`` assume it.

        ``source_arn`` is the resource on whose behalf the service acts (the trust's ``aws:SourceArn``).
        """

    def service_session(
        self, role_arn: str, service: str, session_name: str, source_arn: str | None = None
    ) -> Credentials:
        """Credentials with which ``service`` acts as the role; raises AwsError when the trust refuses."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One authenticated request to one of our services."""

    caller: Caller
    service: str
    operation: str
    request_id: str
    identity: Identity

    @property
    def account(self) -> str:
        """The caller's account, which owns what the call creates."""
        return self.caller.account

    @property
    def region(self) -> str:
        """The region the request was signed for."""
        return self.caller.region

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a SageMaker resource of this account and region; AWS writes its name in lower case."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"

    def require(
        self,
        action: str,
        resource: str,
        conditions: Mapping[str, Any] | None = None,
        policy: ResourcePolicy | None = None,
    ) -> None:
        """Raise ``AccessDeniedException`` unless the caller may do ``action`` on ``resource``."""
        self.identity.authorize(self.caller, action, resource, conditions, policy)
