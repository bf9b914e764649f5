"""Everything on this machine that a run depends on, told apart by file times: nothing is read and nothing imported."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import agent
import pipeline_steps
from agent.data import own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_AT_REST_NS = 2_000_000_000
"""A file that was changed just before it was looked at may be changed again without another time."""
_SECRETS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
_NOT_OF_THE_REPOSITORY = frozenset({".git", own_folder.NAME})
_NOT_OF_THE_PROGRAM = frozenset({"__pycache__"})


@dataclass(frozen=True, kw_only=True)
class LocalState:
    """A digest of it all, and whether all of it had come to rest when it was looked at."""

    digest: str
    at_rest: bool


def local_state(folder: Path, words: Sequence[str], environ: Mapping[str, str]) -> LocalState | None:
    """The state of a model repository, of this program, and of what it was told; None where it cannot be told.

    ``words`` are what the user asked for; ``environ`` is the shell's. Whose credentials those are does not matter:
    the answers that they get do.
    """
    now, newest, content = time.time_ns(), 0, hashlib.sha256()
    told = sorted(f"{name}={value}" for name, value in environ.items() if _matters(name))
    content.update("\0".join([sys.version, sys.prefix, str(folder), *words, *told]).encode("utf-8", "surrogateescape"))
    program = [Path(str(module.__file__)).parent for module in (agent, pipeline_steps)]
    trees = {folder: _NOT_OF_THE_REPOSITORY, **dict.fromkeys(program, _NOT_OF_THE_PROGRAM)}
    try:
        content.update(_head(folder).encode())
        for root, left_out in trees.items():
            for line, changed in _below(str(root), left_out, ()):
                content.update(line.encode("utf-8", "surrogateescape"))
                newest = max(newest, changed)
        settings = environ.get("AWS_CONFIG_FILE") or str(Path.home() / ".aws" / "config")
        content.update(_stamp(settings).encode())
    except (OSError, RuntimeError, UnicodeError):
        return None
    return LocalState(digest=content.hexdigest(), at_rest=newest < now - _AT_REST_NS)


def _matters(name: str) -> bool:
    return name.startswith(("AWS_", "MODELYARD_", "GIT_")) and name not in _SECRETS


def _below(folder: str, left_out: frozenset[str], above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, int]]:
    """A line for each file of a tree, and when it was changed; links are followed, as those who read the files do."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name in left_out:
            continue
        try:
            status = entry.stat()
        except FileNotFoundError:
            status = entry.stat(follow_symlinks=False)  # a link that leads nowhere
        if not stat.S_ISDIR(status.st_mode):
            yield f"\n{entry.path}\0{_line(status)}", status.st_ctime_ns
        elif (here := (status.st_dev, status.st_ino)) not in above:
            yield f"\n{entry.path}/", 0
            yield from _below(entry.path, left_out, (*above, here))


def _line(status: os.stat_result) -> str:
    return f"{status.st_mode} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _stamp(file: str) -> str:
    try:
        return _line(Path(file).stat())
    except FileNotFoundError:
        return "absent"


def _head(folder: Path) -> str:
    """What git has checked out there, a branch or else a commit; empty outside git."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_file():  # a further worktree
            git = place / git.read_text().partition("gitdir:")[2].strip()
        if git.is_dir():
            return (git / "HEAD").read_text()
    return ""
