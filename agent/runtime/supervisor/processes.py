"""The processes below this one: which they are, what they use, and how none of them is left."""

from __future__ import annotations

import os
import signal

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def descendants() -> list[int]:
    """Every process below this one, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for process in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
        if status := _read(f"/proc/{process}/stat"):
            children.setdefault(int(status.rpartition(b")")[2].split()[1]), []).append(process)
    found = [os.getpid()]
    for process in found:
        found += children.get(process, [])
    return found[1:]


def kill_descendants() -> None:
    """Until none is left: what is orphaned meanwhile comes to us, and what is forked meanwhile is seen next time."""
    while processes := descendants():
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        reap(wait=True)


def reap(*, wait: bool = False) -> dict[int, int]:
    """Collect every dead child, or wait for one to die: wait statuses by process id."""
    found = {}
    try:
        while (dead := os.waitpid(-1, 0 if wait else os.WNOHANG))[0]:
            found[dead[0]] = dead[1]
            wait = False
    except ChildProcessError:
        return found
    return found


def memory_exceeds(limit: int) -> bool:
    """Whether the descendants use more bytes than that together.

    Pages that they share count once. Finding out takes long, so a sum that counts them each time is asked first.
    """
    processes = descendants()
    return _resident_bytes(processes) > limit and _proportional_bytes(processes) > limit


def kernel_memory_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started."""
    counters = _read("/proc/vmstat").splitlines()
    return sum(int(line.split()[1]) for line in counters if line.startswith(b"oom_kill "))


def _resident_bytes(processes: list[int]) -> int:
    return sum(int((_read(f"/proc/{process}/statm") or b"0 0").split()[1]) for process in processes) * PAGE_BYTES


def _proportional_bytes(processes: list[int]) -> int:
    lines = [line for process in processes for line in _read(f"/proc/{process}/smaps_rollup").splitlines()]
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(b"Pss:"))


def _read(path: str) -> bytes:
    """A file of /proc; nothing when its process has ended."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
