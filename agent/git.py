"""Asks git about a working copy; whoever has neither git nor a repository is told nothing, which is no error."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str | None:
    """What git answers to a command in a folder; None where it is missing, fails, or knows no such thing.

    Names and messages that are not in UTF-8 have replacement characters.
    """
    command = ["git", "-C", str(folder), *words]
    try:
        answer = subprocess.run(command, capture_output=True, check=False, encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None
