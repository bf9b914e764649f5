"""Who may push and pull: docker's passwords stand for the caller of ``GetAuthorizationToken``, with its permissions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import TYPE_CHECKING

from agent.cloud.errors import AwsError
from agent.cloud.identity import Caller, ResourcePolicy
from agent.cloud.store import Record

if TYPE_CHECKING:
    from agent.cloud.clock import Clock
    from agent.cloud.emulator.repositories import Repository
    from agent.cloud.identity import Identity
    from agent.cloud.store import Store

TOKEN_SECONDS = 12 * 3600


class RegistryToken(Record):
    """A password for docker, kept as the sha256 that is its name; ``expires`` is in seconds since the epoch."""

    access_key_id: str
    expires: float


class RegistryAccess:
    """Passwords and permissions of the registries."""

    def __init__(self, store: Store, clock: Clock, identity: Identity) -> None:
        self._tokens = store.collection("ecr-token", RegistryToken)
        self._clock = clock
        self._identity = identity

    def issue(self, account: str, region: str, access_key_id: str) -> tuple[str, float]:
        """``GetAuthorizationToken``'s ``authorizationToken`` and when it expires (seconds since the epoch)."""
        now = self._clock.time()
        for known in self._tokens.of(account, region):
            if known.expires <= now:
                self._tokens.delete(known)
        password = secrets.token_urlsafe(48)
        token = RegistryToken(
            account=account,
            region=region,
            name=_hash(password),
            access_key_id=access_key_id,
            expires=now + TOKEN_SECONDS,
        )
        self._tokens.save(token)
        return base64.b64encode(f"AWS:{password}".encode()).decode(), token.expires

    def caller(self, authorization: str) -> Caller | None:
        """Whose password the request carries; None without one, AwsError (403) when it is no longer good."""
        name, password = _basic(authorization)
        if not name:
            return None
        wanted = _hash(password)
        token = next((token for token in self._tokens.every() if token.name == wanted), None)
        if name != "AWS" or token is None or token.expires <= self._clock.time():
            raise _expired()
        try:
            return self._identity.caller_of(token.access_key_id, token.region)
        except AwsError:
            raise _expired() from None

    def require(self, caller: Caller, action: str, repository: Repository) -> None:
        """Raise ``AccessDeniedException`` unless the caller may do ``action`` there, by both accounts' policies."""
        policy = ResourcePolicy(document=repository.policy, owner=repository.account)
        self._identity.authorize(caller, f"ecr:{action}", repository.arn, policy=policy)


def _expired() -> AwsError:
    return AwsError("DENIED", "Your authorization token has expired. Reauthenticate and try again.", 403)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
