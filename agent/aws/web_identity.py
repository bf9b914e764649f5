"""The identity of a build server that has a token of its own instead of an access key.

A file holds the token (``AWS_WEB_IDENTITY_TOKEN_FILE``), and who issued it renews it there; it is read anew for each
session. botocore would do the same, but says of a refusal neither whose token it was nor what to mend.
Source: STS API reference, ``AssumeRoleWithWebIdentity``.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.config
from botocore import UNSIGNED
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.aws.sessions import isolated_session
from agent.errors import AccessDeniedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import RefreshableCredentials

_FILE, _ROLE, _SESSION = "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"
_ATTEMPTS = 4
_WHY: Mapping[str, str] = {
    "AccessDenied": "the role is not there, or its trust admits another subject or audience; "
    "`modelyard bootstrap apply --ci-principal oidc` says whom",
    "ExpiredTokenException": "the token is over; whoever writes the file has to renew it",
    "IDPCommunicationError": "AWS could not reach the issuer for its keys",
    "InvalidIdentityToken": "the account has no provider for this issuer and audience, or the issuer's keys did not "
    "sign this token",
}


@dataclass(frozen=True, kw_only=True)
class WebIdentity:
    """A file with a token, and the role that whoever holds it becomes."""

    file: Path
    role: str
    session_name: str

    @property
    def token(self) -> str:
        """What is in the file now."""
        try:
            return self.file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{_FILE}: no token can be read from {self.file}: {error}") from error


def web_identity(environ: Mapping[str, str]) -> WebIdentity | None:
    """The identity that the environment names; UsageError for half of one."""
    file, role = environ.get(_FILE), environ.get(_ROLE)
    if not file:
        return None
    if not role:
        raise UsageError(f"{_FILE} is set, and no {_ROLE}: name the role that the token is for")
    return WebIdentity(file=Path(file), role=role, session_name=environ.get(_SESSION) or "modelyard")


def web_credentials(identity: WebIdentity, *, region: str, endpoint_url: str | None) -> RefreshableCredentials:
    """Credentials that are asked for when first needed, and again before they expire, each time with the file's token.

    What asks for them fails with UsageError without a token, and with AccessDeniedError where STS does not take it.
    """

    def fetch() -> dict[str, str]:
        answer = _assume(identity, region, endpoint_url)["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }

    return DeferredRefreshableCredentials(refresh_using=fetch, method="assume-role-with-web-identity")


def _assume(identity: WebIdentity, region: str, endpoint_url: str | None) -> Mapping[str, Any]:
    token, action = identity.token, "sts:AssumeRoleWithWebIdentity"
    sts = isolated_session(region=region).client(
        "sts",
        endpoint_url=endpoint_url,
        config=botocore.config.Config(
            signature_version=UNSIGNED,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            proxies={} if endpoint_url else None,
        ),
    )
    account = identity.role.split(":")[4] if identity.role.count(":") >= 5 else "unknown"
    with refusals(action, identity.role, account=account, region=region):
        try:
            answer: Mapping[str, Any] = sts.assume_role_with_web_identity(
                RoleArn=identity.role, RoleSessionName=identity.session_name, WebIdentityToken=token
            )
        except ClientError as error:
            if code(error) not in _WHY:
                raise
            told = error.response["Error"].get("Message", "")
            raise AccessDeniedError(
                f"{action} on {identity.role} in account {account}, {region}: {code(error)}: {told}; "
                f"the token in {identity.file} {_claims(token)}: {_WHY[code(error)]}"
            ) from error
    return answer


def _claims(token: str) -> str:
    """Of whom, about whom and for whom a token says that it is; these are no secrets, only its signature is."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        told = [f"{name} {claims[name]}" for name in ("iss", "sub", "aud") if name in claims]
    except (IndexError, ValueError, TypeError):
        return "is no JSON Web Token"
    return f"says {', '.join(told)}" if told else "says nothing about whose it is"
