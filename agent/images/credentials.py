"""Passwords of registries, where docker and its relatives keep them: ``config.json``."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DOCKER_HUB = "docker.io"
_DOCKER_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io", _DOCKER_HUB)


@dataclass(frozen=True, kw_only=True)
class Login:
    """Name and password for one registry."""

    username: str
    password: str = field(repr=False)


def find_login(registry: str, environ: Mapping[str, str]) -> Login | None:
    """The login for a registry (``host[:port]``) in ``$DOCKER_CONFIG/config.json`` (by default in ``~/.docker``).

    Only ``auths`` is read: credential helpers are programs of a desktop.
    """
    folder = environ.get("DOCKER_CONFIG")
    file = Path(folder or Path(environ.get("HOME") or "~").expanduser() / ".docker") / "config.json"
    entries = _entries(file)
    names = (
        _DOCKER_HUB_KEYS if registry == _DOCKER_HUB else (registry, f"https://{registry}", f"https://{registry}/v1/")
    )
    found = next((entries[name] for name in names if isinstance(entries.get(name), dict)), None)
    return _login(found, f"{file}, registry {registry}") if found else None


def _entries(file: Path) -> Mapping[str, Any]:
    try:
        entries = json.loads(file.read_bytes()).get("auths")
    except (FileNotFoundError, PermissionError):
        return {}
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{file} is not docker's configuration: {error}; log in again with docker login") from error
    return entries if isinstance(entries, dict) else {}


def _login(entry: Mapping[str, Any], where: str) -> Login | None:
    if entry.get("username") and entry.get("password"):
        return Login(username=entry["username"], password=entry["password"])
    if not entry.get("auth"):
        return None
    try:
        username, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, TypeError):
        raise UsageError(f"{where}: `auth` is not base64 of name:password; log in again with docker login") from None
    return Login(username=username, password=password)
