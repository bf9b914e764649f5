"""The sha256 of files, read on two threads, and not read again while nothing was written to them."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from agent.data.folder import Found, Stamp, stamp
from agent.errors import InputMissingError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.ports.time import Clock

_THREADS = 2
_BATCH = 64
_ATTEMPTS = 3
_FORMAT = 2
_FINE_TICK = 50_000_000
_COARSE_TICK = 2_000_000_000

Known = dict[str, tuple[Stamp, str]]
"""By file name: the state that a file was read in, and its sha256 in hexadecimal."""


def digests(found: Sequence[Found], *, memory: Path, clock: Clock) -> Known:
    """Each file's state and sha256; what was read in the same state before is in the file ``memory``.

    Raises InputMissingError for a file that cannot be read, TemporaryError for one that is being written to.
    """
    known = _remembered(memory)
    unread = [file for file in found if file.name not in known or known[file.name][0] != file.stamp]
    if not unread and len(known) == len(found):
        return known
    read = dict(itertools.chain.from_iterable(_read_all(unread, clock)))
    kept = {file.name: known[file.name] for file in found if file.name not in read}
    answer = kept | {name: (state, digest) for name, (state, digest, _) in read.items()}
    _remember(memory, {name: answer[name] for name in answer if name in kept or settled(read[name][0], read[name][2])})
    return answer


def settled(state: Stamp, begun: int) -> bool:
    """Whether a write that came after reading began, at ``begun`` in ns, would have changed the file's times.

    A file system counts time in ticks; a file that was written to in the tick in which it was read may have been
    written to once more, and look the same (git's "racy" entries). Whole seconds tell a file system with long ticks.
    """
    _, written, changed, _ = state
    latest = max(written, changed)
    return begun - latest > (_COARSE_TICK if latest % 1_000_000_000 == 0 else _FINE_TICK)


def _read_all(files: Sequence[Found], clock: Clock) -> Iterator[list[tuple[str, tuple[Stamp, str, int]]]]:
    def read(batch: Iterable[Found]) -> list[tuple[str, tuple[Stamp, str, int]]]:
        clock.check()
        return [(file.name, _read(file.path)) for file in batch]

    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="hash") as pool:
        try:
            yield from pool.map(read, batches)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _read(path: str) -> tuple[Stamp, str, int]:
    """A file's state, its digest in that state, and when reading began, in ns."""
    for _ in range(_ATTEMPTS):
        begun = time.time_ns()
        try:
            with Path(path).open("rb", buffering=0) as file:
                before = stamp(os.fstat(file.fileno()))
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                after = stamp(os.fstat(file.fileno()))
        except OSError as error:
            raise InputMissingError(f"{path} cannot be read: {error.strerror}") from error
        if before == after:
            return before, digest, begun
    raise TemporaryError(f"{path} is being written to; run again when it is complete")


def _remembered(memory: Path) -> Known:
    """What is known from earlier; nothing where the file is absent or of another making."""
    try:
        document = json.loads(memory.read_bytes())
        if document["format"] != _FORMAT:
            return {}
        states = zip(*document["states"], strict=True)
        return dict(zip(document["names"], zip(states, document["digests"], strict=True), strict=True))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _remember(memory: Path, known: Known) -> None:
    """Keep what is known, at once for every reader; a folder that cannot be written to costs only time.

    Column by column, which is read in half the time.
    """
    states = [state for state, _ in known.values()]
    document = {
        "format": _FORMAT,
        "names": list(known),
        "states": list(zip(*states, strict=True)),
        "digests": [digest for _, digest in known.values()],
    }
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=memory.parent, prefix=f".{memory.name}.", delete=False) as file:
            file.write(json.dumps(document, separators=(",", ":")).encode())
        Path(file.name).replace(memory)
    except OSError:
        return
