"""The sha256 of files, which are not read again while nothing was written to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.data.memory import remember, remembered
from agent.data.reading import read_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.data.folder import Found
    from agent.data.memory import Known
    from agent.data.reader import Stamp
    from agent.ports.time import Clock

_FINE_TICK = 50_000_000
_COARSE_TICK = 2_000_000_000


def digests(found: Sequence[Found], *, memory: Path, clock: Clock) -> Known:
    """Each file's state and sha256; what was read in the same state before is in the file ``memory``.

    Raises InputMissingError for a file that cannot be read, TemporaryError for one that is being written to.
    """
    known = remembered(memory)
    unread = [file for file in found if file.name not in known or known[file.name][0] != file.stamp]
    if not unread and len(known) == len(found):
        return known
    read = dict(read_all(unread, clock)) if unread else {}
    kept = {file.name: known[file.name] for file in found if file.name not in read}
    answer = kept | {name: (state, digest) for name, (state, digest, _) in read.items()}
    remember(memory, {name: answer[name] for name in answer if name in kept or settled(read[name][0], read[name][2])})
    return answer


def settled(state: Stamp, begun: int) -> bool:
    """Whether a write that came after reading began, at ``begun`` in ns, would have changed the file's times.

    A file system counts time in ticks; a file that was written to in the tick in which it was read may have been
    written to once more, and look the same (git's "racy" entries). Whole seconds tell a file system with long ticks.
    """
    _, written, changed, _ = state
    latest = max(written, changed)
    return begun - latest > (_COARSE_TICK if latest % 1_000_000_000 == 0 else _FINE_TICK)
