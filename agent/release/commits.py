"""What the working copy at hand knows of commits: those between two releases, files as they were, and an author."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.git import git

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 50
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def between(folder: Path, old: str, new: str) -> tuple[str, ...]:
    """Commits that ``new`` has and ``old`` has not, newest first: short sha, author and subject of each.

    Empty where git is missing, or a shallow clone knows one of them not.
    """
    if not old or not new or old == new:
        return ()
    answer = git(folder, "log", f"--max-count={_MOST}", "--format=%h %an: %s", f"{old}..{new}", "--")
    return tuple((answer or "").splitlines())


def author_of(folder: Path, commit: str) -> str:
    """Name of a commit's author; empty where git is missing or does not know the commit."""
    found = git(folder, "log", "--max-count=1", "--format=%an", commit, "--") if commit else None
    return (found or "").strip()


def knows(folder: Path, commit: str) -> bool:
    """Whether the working copy has a commit, which a shallow clone may lack."""
    return bool(_SHA.fullmatch(commit)) and git(folder, "cat-file", "-e", f"{commit}^{{commit}}") is not None


def file_at(folder: Path, commit: str, path: str) -> str | None:
    """A file's text at a commit, ``path`` relative to the folder; None where git or the commit has none."""
    return git(folder, "show", f"{commit}:./{path}") if _SHA.fullmatch(commit) else None
