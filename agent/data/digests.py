"""The sha256 of files, which are not read again while nothing was written to them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from agent.data.memory import remember, remembered
from agent.data.reading import read_all

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence
    from pathlib import Path

    from agent.data.folder import Found
    from agent.data.memory import Known
    from agent.data.reader import Content, Stamp
    from agent.ports.time import Clock

_FINE_TICK = 50_000_000
_COARSE_TICK = 2_000_000_000


def digests(found: Sequence[Found], *, memory: Path, clock: Clock) -> Iterator[tuple[Found, int, bytes]]:
    """Each file in turn with its size in bytes and its sha256; what was read before is in the file ``memory``.

    What has been read is remembered at the end, also where that comes early. Raises InputMissingError for a file that
    cannot be read, TemporaryError for one that is being written to.
    """
    known = remembered(memory)
    unread = [file for file in found if file.name not in known or known[file.name][0] != file.stamp]
    if not unread and len(known) == len(found):
        return ((file, known[file.name][0][0], known[file.name][1]) for file in found)
    return _read(found, known, {file.name for file in unread}, read_all(unread, clock), memory)


def _read(
    found: Sequence[Found],
    known: Known,
    unread: Collection[str],
    reading: Generator[tuple[str, Content]],
    memory: Path,
) -> Iterator[tuple[Found, int, bytes]]:
    kept = {file.name: known[file.name] for file in found if file.name not in unread}
    with closing(reading):
        try:
            for file in found:
                if file.name in kept:
                    state, digest = kept[file.name]
                else:
                    _, (state, digest, begun) = next(reading)
                    if settled(state, begun):
                        kept[file.name] = state, digest
                yield file, state[0], digest
        finally:
            remember(memory, kept)


def settled(state: Stamp, begun: int) -> bool:
    """Whether a write that came after reading began, at ``begun`` in ns, would have changed the file's times.

    A file system counts time in ticks; a file that was written to in the tick in which it was read may have been
    written to once more, and look the same (git's "racy" entries). Whole seconds tell a file system with long ticks.
    """
    _, written, changed, _ = state
    latest = max(written, changed)
    return begun - latest > (_COARSE_TICK if latest % 1_000_000_000 == 0 else _FINE_TICK)
