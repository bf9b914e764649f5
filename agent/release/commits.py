"""The commits between two releases, as far as the working copy at hand knows them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 50


def between(folder: Path, old: str, new: str) -> tuple[str, ...]:
    """Commits that ``new`` has and ``old`` has not, newest first: short sha, author and subject of each.

    Empty where git is missing, or a shallow clone knows one of them not.
    """
    if not old or not new or old == new:
        return ()
    words = ["log", f"--max-count={_MOST}", "--format=%h %an: %s", f"{old}..{new}", "--"]
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, check=False, encoding="utf-8", errors="replace"
        )
    except FileNotFoundError:
        return ()
    return tuple(answer.stdout.splitlines()) if answer.returncode == 0 else ()
