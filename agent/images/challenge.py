"""How registries that want a token say so: the challenge of distribution's "Token Authentication"."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlencode, urlsplit

from agent.errors import AccessDeniedError

_SCHEME = re.compile(r"\s*bearer\s+(.*)", re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


def bearer_challenge(header: str, registry: str) -> str | None:
    """Where to get the token that a ``WWW-Authenticate`` asks for; None when it asks for something else."""
    scheme = _SCHEME.match(header)
    if scheme is None:
        return None
    told = dict(_PARAMETER.findall(scheme[1]))
    realm = urlsplit(told.get("realm", ""))
    if realm.scheme != "https" and not is_loopback(realm.hostname or ""):
        raise AccessDeniedError(
            f"registry {registry} sends us for a token to {told.get('realm', 'nowhere')!r}, which is not https; "
            "no password is sent there"
        )
    query = urlencode({name: told[name] for name in ("service", "scope") if name in told})
    return f"{told['realm']}{'&' if realm.query else '?'}{query}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, where nobody listens on the way."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
