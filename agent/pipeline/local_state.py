"""Everything on this machine that a run depends on, told apart by file times: nothing is read and nothing imported."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
import sys
import time
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
_STATE = struct.Struct("<IqqqQ")
"""A file's mode, size, times of the last change of content and of inode, inode."""
_NAME = attrgetter("name")


@dataclass(frozen=True, kw_only=True)
class LocalState:
    """A digest of it all, and whether all of it had come to rest when it was looked at."""

    digest: str
    at_rest: bool


class _Part(NamedTuple):
    """A folder: its files with their states, and when the last of them was changed, in ns."""

    content: bytes
    newest: int


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
            with _opened(str(root)) as at:
                for part in _below(str(root), at, left_out, ()):
                    content.update(part.content)
                    newest = max(newest, part.newest)
        settings = environ.get("AWS_CONFIG_FILE") or str(Path.home() / ".aws" / "config")
        content.update(_stamp(settings))
    except (OSError, RuntimeError, UnicodeError):
        return None
    return LocalState(digest=content.hexdigest(), at_rest=newest < now - _AT_REST_NS)


def _matters(name: str) -> bool:
    return name.startswith(("AWS_", "MODELYARD_", "GIT_")) and name not in _SECRETS


def _below(folder: str, at: int, left_out: frozenset[str], above: tuple[tuple[int, int], ...]) -> Iterator[_Part]:
    """What is in an open folder, and in those below it; links are followed, as those who read the files do.

    There may be very many files: they are asked for by their names in an open folder, not by their paths, and their
    states are kept as bytes.
    """
    with os.scandir(at) as entries:
        found = sorted(entries, key=_NAME)
    files, states, folders, newest = [], [], [], 0
    for entry in found:
        name = entry.name
        if name in left_out:
            continue
        try:
            status = entry.stat()
        except FileNotFoundError:
            status = entry.stat(follow_symlinks=False)  # a link that leads nowhere
        if stat.S_ISDIR(status.st_mode):
            folders.append((name, (status.st_dev, status.st_ino)))
        else:
            files.append(name)
            states.append(_state(status))
            newest = max(newest, status.st_ctime_ns)
    names = [folder, f"{len(folders)} {len(files)}", *(name for name, _ in folders), *files, ""]
    content = "\0".join(names).encode("utf-8", "surrogateescape")
    yield _Part(content=b"".join([content, *states]), newest=newest)
    for name, here in folders:
        if here not in above:
            with _opened(name, inside=at) as below:
                yield from _below(f"{folder}/{name}", below, left_out, (*above, here))


def _state(status: os.stat_result) -> bytes:
    return _STATE.pack(status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@contextlib.contextmanager
def _opened(name: str, *, inside: int | None = None) -> Iterator[int]:
    file = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=inside)
    try:
        yield file
    finally:
        os.close(file)


def _stamp(file: str) -> bytes:
    try:
        return _state(Path(file).stat())
    except FileNotFoundError:
        return b"absent"


def _head(folder: Path) -> str:
    """What git has checked out there, a branch or else a commit; empty outside git."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_file():  # a further worktree
            git = place / git.read_text().partition("gitdir:")[2].strip()
        if git.is_dir():
            return (git / "HEAD").read_text()
    return ""
