"""Which version of a source this machine found in the store last: the next one has most of its files in common."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING

from agent.data.own_folder import own_folder

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")


def last_version(folder: Path, bucket: str, name: str) -> str | None:
    """The digest of that version of the source ``name``, None where it is not known; ``folder`` is the repository."""
    try:
        kept = _file(folder, bucket, name).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return kept if _DIGEST.fullmatch(kept) else None


def remember_version(folder: Path, bucket: str, name: str, digest: str) -> None:
    """Keep it; a folder that cannot be written to costs only time."""
    if last_version(folder, bucket, name) == digest:
        return
    file = _file(folder, bucket, name)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(digest, encoding="ascii")
        partial.replace(file)


def _file(folder: Path, bucket: str, name: str) -> Path:
    return own_folder(folder) / "versions" / hashlib.sha256(f"{bucket}/{name}".encode()).hexdigest()[:16]
