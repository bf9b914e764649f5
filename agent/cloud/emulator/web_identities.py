"""Who holds a web identity token: verified as STS does, with the keys of an issuer that the role's account knows.

Sources: STS API reference, ``AssumeRoleWithWebIdentity``; IAM user guide, "OIDC federation" and "Available keys for AWS
OIDC federation"; RFC 7519.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from agent.cloud.emulator.holders import Holder
from agent.cloud.emulator.issuers import IssuerError, issuer_keys
from agent.cloud.errors import AwsError
from agent.cloud.policy.decision import Granted
from agent.cloud.policy.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jwt.types import Options

    from agent.cloud.clock import Clock

_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
_LENIENCY_SECONDS = 300
"""For clocks that differ: IAM takes a token for five minutes more."""
_INVALID = "InvalidIdentityToken"


@dataclass(frozen=True, kw_only=True)
class WebIdentity:
    """A token that is what it says: of ``provider``, about ``subject``, for ``audience``."""

    holder: Holder
    provider: str
    subject: str
    audience: str
    keys: Mapping[str, str]


class WebIdentities:
    """The tokens of issuers for which an account has an OpenID Connect provider."""

    def __init__(self, clock: Clock) -> None:
        from ministack.services import iam

        self._clock = clock
        self._iam = iam

    async def verified(self, token: str, account: str) -> WebIdentity:
        """Raises AwsError with the codes of STS for a token that does not count in that account."""
        claims = _claims(token)
        issuer = str(claims["iss"])
        provider = self._provider(issuer, account)
        try:
            keys = await asyncio.to_thread(issuer_keys, issuer, provider["ThumbprintList"])
        except IssuerError as error:
            raise AwsError(
                _INVALID,
                "Couldn't retrieve verification key from your identity provider, please reference "
                f"AssumeRoleWithWebIdentity documentation for requirements ({error})",
            ) from error
        _check_signature(token, keys)
        self._check_time(claims)
        audience = _audience(claims, provider["ClientIDList"])
        host, subject = issuer.removeprefix("https://"), str(claims["sub"])
        arn = str(provider["Arn"])
        return WebIdentity(
            holder=Holder(principal=Principal(provider=arn), granted=Granted()),
            provider=arn,
            subject=subject,
            audience=audience,
            keys={f"{host}:aud".lower(): audience, f"{host}:sub".lower(): subject},
        )

    def _provider(self, issuer: str, account: str) -> Mapping[str, Any]:
        arn = f"arn:aws:iam::{account}:oidc-provider/{issuer.removeprefix('https://').rstrip('/')}"
        found: Mapping[str, Any] | None = self._iam._oidc_providers.get_scoped(account, None, arn)
        if found is None or not issuer.startswith("https://"):
            raise AwsError(_INVALID, f"No OpenIDConnect provider found in your account for {issuer}")
        return found

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now, end, begin = self._clock.time(), claims["exp"], claims.get("nbf", 0)
        if not isinstance(end, int | float) or not isinstance(begin, int | float):
            raise AwsError(_INVALID, "The ID Token provided is not a valid JWT")
        if now > end + _LENIENCY_SECONDS:
            raise AwsError(
                "ExpiredTokenException",
                f"Token expired: current date/time {int(now)} must be before the expiration date/time {int(end)}",
            )
        if now < begin - _LENIENCY_SECONDS:
            raise AwsError(_INVALID, "Token is not valid yet")


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says, before anybody knows whether it is true."""
    try:
        claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise AwsError(
            _INVALID,
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ) from error
    missing = next((name for name in _REQUIRED if not claims.get(name)), None)
    if missing is not None:
        raise AwsError(_INVALID, f"Missing a required claim: {missing}")
    return claims


def _check_signature(token: str, keys: Sequence[Mapping[str, Any]]) -> None:
    """With the key that the token names; times and audience are looked at by those who know the cloud's clock."""
    named = jwt.get_unverified_header(token).get("kid")
    key = next((key for key in keys if key.get("kid") == named), None)
    nothing_else: Options = {"verify_exp": False, "verify_aud": False, "verify_nbf": False, "verify_iat": False}
    try:
        if key is None:
            raise jwt.InvalidKeyError(f"no key {named}")
        jwt.decode(token, jwt.PyJWK(dict(key)), algorithms=_ALGORITHMS, options=nothing_else)
    except jwt.PyJWTError as error:
        raise AwsError(_INVALID, "Provided Token is not signed by a key of its issuer") from error


def _audience(claims: Mapping[str, Any], known: Sequence[str]) -> str:
    """Whom the token is for (``azp``, if it says that), as one of the provider's clients."""
    said = claims.get("azp") or claims["aud"]
    found = next((each for each in ([said] if isinstance(said, str) else said) if each in known), None)
    if found is None:
        raise AwsError(_INVALID, "Incorrect token audience")
    return str(found)
