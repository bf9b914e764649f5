"""Goes through folders: everything that is not allowed to hold secrets is searched."""

from __future__ import annotations

import filecmp
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.secret_scan.allowed import INSTALLED, is_published, may_hold
from tests.secret_scan.content import pieces
from tests.secret_scan.needles import PRIVATE_KEY
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.secret_scan.needles import Needles

_LONG, _BLOCK = 1 << 30, 512
_AT_ONCE = 200
"""Files that a process is given together."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A secret in a file; never the secret itself."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def scan(
    folder: Path, needles: Needles, *, allowed: Callable[[Path], bool] = may_hold, processes: int = 1
) -> list[Finding]:
    """Every file below a folder that holds a secret, once for each kind."""
    search = partial(_found_in, needles, allowed)
    if processes == 1:
        return [finding for path in files(folder) for finding in search(path)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        return [finding for found in pool.map(search, files(folder), chunksize=_AT_ONCE) for finding in found]


def _found_in(needles: Needles, allowed: Callable[[Path], bool], path: Path) -> list[Finding]:
    if allowed(path):
        return []
    found = {
        Finding(place=str(path), what=hit.what): None
        for piece in _readable(path)
        for hit in needles.hits(piece)
        if not (hit.what == PRIVATE_KEY and is_published(path)) and not _is_the_repositorys(path)
    }
    return list(found)


def files(folder: Path) -> Iterator[Path]:
    """Regular files below a folder that were produced there: no links, and nothing that was installed."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in INSTALLED]
        for name in names:
            path = Path(root, name)
            if path.is_file() and not path.is_symlink() and not _is_hollow(path):
                yield path


def _is_hollow(path: Path) -> bool:
    """Whether a file is long without taking room, as some tests want it: reading it would never end."""
    status = path.stat()
    return status.st_size > _LONG and status.st_blocks * _BLOCK < status.st_size // 2


def _is_the_repositorys(path: Path) -> bool:
    """Whether a file is a copy of one of this repository: what its tests make up stands there."""
    own = (ROOT.joinpath(*path.parts[at:]) for at in range(len(path.parts) - 1, 0, -1))
    return any(file.is_file() and filecmp.cmp(file, path, shallow=False) for file in own)


def _readable(path: Path) -> Iterator[bytes]:
    """A file may be gone or closed to us, as some tests want it."""
    try:
        yield from pieces(path)
    except OSError:
        return
