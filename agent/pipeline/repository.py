"""The model repository that a run is of: its folder, and what git knows about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.artifacts import CommitInfo
from agent.data.own_folder import NAME
from agent.git import git

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "%H%x00%an%x00%ct%x00%s"


def commit_of(folder: Path) -> CommitInfo:
    """The commit that is checked out in a folder; an empty one outside git, or before the first commit."""
    log = git(folder, "log", "-1", f"--format={_FORMAT}")
    if log is None:
        return CommitInfo(sha="")
    sha, author, seconds, subject = log.strip("\n").split("\0")
    # What modelyard itself leaves in a workspace is no change of the repository.
    changed = git(folder, "status", "--porcelain", "--untracked-files=normal", "--", ".", f":(exclude){NAME}")
    return CommitInfo(
        sha=sha,
        branch=branch_of(folder),
        dirty=bool(changed),
        author=author,
        subject=subject,
        committed=datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source=origin_of(folder),
    )


def branch_of(folder: Path) -> str:
    """The branch that is checked out in a folder; empty outside git and on a detached head."""
    return (git(folder, "symbolic-ref", "--short", "--quiet", "HEAD") or "").strip()


def origin_of(folder: Path) -> str:
    """The address of a repository's remote `origin`, without a user's secret; empty where there is none."""
    return _without_credentials((git(folder, "config", "--get", "remote.origin.url") or "").strip())


def place_in_repository(folder: Path) -> str:
    """A folder's path from the top of its git repository; empty for the top itself, and outside git."""
    return (git(folder, "rev-parse", "--show-prefix") or "").strip().strip("/")


def _without_credentials(address: str) -> str:
    """A remote's address as others may read it: a URL loses its user and password."""
    scheme, found, rest = address.partition("://")
    if not found:
        return address
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
