"""Which processes a cloud has started and which of them still live, read from ``/proc`` (proc_pid_stat(5))."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

_DEAD = frozenset({"Z", "X"})
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Process:
    """A process; its start time (clock ticks since boot) tells it from a later one with the same number."""

    pid: int
    started: int


def descendants(pid: int) -> frozenset[Process]:
    """The living processes below ``pid``."""
    children: dict[int, list[Process]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:  # it has ended since
            continue
        state, parent, *rest = text.rpartition(")")[2].split()
        if state not in _DEAD:
            children.setdefault(int(parent), []).append(Process(int(status.parent.name), int(rest[17])))
    found, waiting = set(), [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += [process.pid for process in below]
    return frozenset(found)


def alive(process: Process) -> bool:
    """Whether that very process still runs."""
    try:
        text = Path(f"/proc/{process.pid}/stat").read_text()
    except OSError:
        return False
    fields = text.rpartition(")")[2].split()
    return fields[0] not in _DEAD and int(fields[19]) == process.started


def survivors(processes: frozenset[Process]) -> frozenset[Process]:
    """Those of ``processes`` that have not ended ten seconds from now; at once when none is left."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (left := frozenset(filter(alive, processes))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
