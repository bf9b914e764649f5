"""Who asks which controller: its address, a person and their API token, from the environment or the keyring."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Those of Jenkins's own command line are known too.
_USERS = ("JENKINS_USER", "JENKINS_USER_ID")
_TOKENS = ("JENKINS_TOKEN", "JENKINS_API_TOKEN")


@dataclass(frozen=True, kw_only=True)
class Access:
    """A controller, and as whom it is asked; without a user, as anybody."""

    url: str
    user: str = ""
    token: str = field(default="", repr=False)
    ca: str = ""


def access_from(environ: Mapping[str, str], *, url: str = "", ca: str = "") -> Access:
    """The access that the command line and the environment give.

    Raises UsageError where there is no address, or half an identity.
    """
    address = _checked(url or environ.get("JENKINS_URL", ""))
    user, token = _first(environ, _USERS), _first(environ, _TOKENS)
    if not token:
        user, token = _from_keyring(address, user)
    if bool(user) != bool(token):
        missing = "JENKINS_TOKEN, the API token of that user" if user else "JENKINS_USER, whose token JENKINS_TOKEN is"
        raise UsageError(f"{address}: only half an identity is given; set {missing}")
    return Access(url=address, user=user, token=token, ca=_bundle(ca or environ.get("JENKINS_CA", "")))


def _checked(url: str) -> str:
    if not url:
        raise UsageError("which Jenkins? Give its address with --url, or in the variable JENKINS_URL")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"the address of a Jenkins is like https://jenkins.example.com/jenkins/, not {url!r}")
    if parts.username or parts.password:
        raise UsageError(
            f"the address of {parts.hostname} holds a user: give the user and their API token in the variables "
            "JENKINS_USER and JENKINS_TOKEN, where nobody reads them over your shoulder"
        )
    return url.rstrip("/")


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _from_keyring(address: str, user: str) -> tuple[str, str]:
    """What the desktop's keyring knows of this address, where the extra `keyring` is installed."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return user, ""
    try:
        found = keyring.get_credential(address, user or None)
    except KeyringError:
        return user, ""
    return (found.username, found.password) if found else (user, "")


def _bundle(ca: str) -> str:
    if ca and not Path(ca).is_file():
        raise UsageError(f"{ca}: no such file; --ca and JENKINS_CA name a file with the certificates to trust, as PEM")
    return ca
