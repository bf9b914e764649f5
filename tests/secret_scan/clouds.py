"""Which secrets an embedded cloud gave out, read from its own state: nothing else knows them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE = ("cloud.json", "settings.json", "ministack/iam.json", "ministack/sts.json", "ministack/kms.json")
"""Where a cloud keeps the secrets that it gave out, and its keys."""
_SECRET = ("SecretAccessKey", "SessionToken", "secret_access_key")
_SERVICES_OWN = "SourceAccessKeyId"
"""What the session of a user or of a role's has, and a service's has not."""


def state_folders(folder: Path) -> Iterator[Path]:
    """The state folders of clouds at or below a folder."""
    yield from (found.parent for found in folder.rglob("settings.json") if (found.parent / "cloud.log").exists())


def secrets(state: Path) -> Iterator[str]:
    """Every secret of a cloud, but for those that it hands to users' containers."""
    for name in STATE:
        document = _read(state / name)
        sessions = document.get("payload", {}).get("sessions", {})
        handed = [key for key, session in sessions.items() if _SERVICES_OWN not in session]
        for key in handed:
            del sessions[key]
        yield from _secrets(document)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name in _SECRET and isinstance(member, str):
                yield member
            else:
                yield from _secrets(member)
    elif isinstance(value, list):
        for member in value:
            yield from _secrets(member)


def _read(file: Path) -> dict[str, Any]:
    """A file that was being written when its cloud was killed says nothing."""
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
