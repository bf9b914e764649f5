"""Finds the files of a folder that are data, and refuses what another machine could not find there."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agent.data import own_folder
from agent.data.reader import stamp
from agent.errors import InputMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.data.reader import Stamp

_NEVER_DATA = frozenset({".git", own_folder.NAME})


class Found(NamedTuple):
    """A file of a folder, by its name below it."""

    name: str
    path: str
    stamp: Stamp


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """What one walk keeps to: the source's name for errors, and the folders that links may lead into."""

    source: str
    inside: tuple[Path, ...]


def files_of(root: Path, *, repository: Path, source: str) -> list[Found]:
    """All files below ``root``, or ``root`` itself; links may lead anywhere inside it or the repository.

    Raises InputMissingError where there is no file, UsageError for links that lead out and for what is no file.
    """
    top = repository.resolve()
    real = root.resolve()
    if root.is_relative_to(top) and ".." not in root.parts and not real.is_relative_to(top):
        raise UsageError(f"data source `{source}`: {root} is a link out of the repository; write {real} instead")
    walk = _Walk(source=source, inside=(top, real))
    try:
        status = real.stat()
        if stat.S_ISREG(status.st_mode):
            return [Found(root.name, str(real), stamp(status))]
        found = list(_below(walk, str(real), "", (status.st_ino,)))
    except OSError as error:
        raise InputMissingError(f"data source `{source}`: {error.filename}: {error.strerror}") from error
    if not found:
        raise InputMissingError(f"data source `{source}`: there is no file in {root}")
    return found


def _below(walk: _Walk, folder: str, prefix: str, above: tuple[int, ...]) -> Iterator[Found]:
    """The files of a folder and of those below it; ``above`` are the inodes of the folders on the way here."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in _NEVER_DATA:
                continue
            if entry.is_symlink():
                _stay_inside(walk, entry)
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                yield Found(prefix + entry.name, entry.path, stamp(status))
            elif not stat.S_ISDIR(status.st_mode):
                raise UsageError(f"data source `{walk.source}`: {entry.path} is neither a file nor a folder; remove it")
            elif status.st_ino in above:
                raise UsageError(f"data source `{walk.source}`: {entry.path} is a link to a folder above it; remove it")
            else:
                yield from _below(walk, entry.path, f"{prefix}{entry.name}/", (*above, status.st_ino))


def _stay_inside(walk: _Walk, entry: os.DirEntry[str]) -> None:
    target = Path(entry.path).resolve()
    if not any(target.is_relative_to(folder) for folder in walk.inside):
        out = f"{entry.path} is a link out of the repository, to {target}"
        raise UsageError(f"data source `{walk.source}`: {out}; copy the file there")
