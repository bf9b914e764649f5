"""The model repository that a run is of: its folder, and what git knows about it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from agent.artifacts import CommitInfo
from agent.data.own_folder import NAME

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "%H%x00%an%x00%s"


def commit_of(folder: Path) -> CommitInfo:
    """The commit that is checked out in a folder; an empty one outside git, or before the first commit."""
    log = _git(folder, "log", "-1", f"--format={_FORMAT}")
    if log is None:
        return CommitInfo(sha="")
    sha, author, subject = log.strip("\n").split("\0")
    branch = _git(folder, "symbolic-ref", "--short", "--quiet", "HEAD") or ""
    # What modelyard itself leaves in a workspace is no change of the repository.
    changed = _git(folder, "status", "--porcelain", "--untracked-files=normal", "--", ".", f":(exclude){NAME}")
    return CommitInfo(sha=sha, branch=branch.strip(), dirty=bool(changed), author=author, subject=subject)


def _git(folder: Path, *words: str) -> str | None:
    """What git answers, or None where it has nothing to say; no repository is no error, nor is a missing git."""
    try:
        answer = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False, encoding="utf-8")
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None
