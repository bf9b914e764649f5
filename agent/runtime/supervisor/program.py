"""The container's program: started, given signals, and watched to its end."""

from __future__ import annotations

import os
import select
import signal

from agent.runtime.supervisor.kernel import PR_SET_PDEATHSIG, call, drop_capabilities
from agent.runtime.supervisor.processes import kernel_memory_kills, memory_exceeds, reap

TYPE_CHECKING = False  # the real one would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ENDS = frozenset({signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
"""Signals to the supervisor that mean the end of the container."""
CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 10})
"""CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE: of an engine's default those that a job
has any use for; none of them reaches the host."""
_MEMORY_CHECK_SECONDS = 0.2


def spawn(launch: Mapping[str, Any]) -> int:
    """Start the program and answer its process id; an OSError is that of its exec."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _execute(launch)
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writer)
    with open(reader, "rb") as pipe:
        failure = pipe.read()
    if failure:
        os.waitpid(child, 0)
        raise OSError(int(failure), os.strerror(int(failure)))
    os.close(1)
    return child


def _execute(launch: Mapping[str, Any]) -> None:
    if launch["mounts"] is not None:
        drop_capabilities(CAPABILITIES)
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(1, 2)
    # Python ignores these, and what is ignored stays so in the program.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(launch["working_dir"])
    os.execve(launch["argv"][0], launch["argv"], launch["environment"])


def supervise(program: int, memory_mb: int | None) -> tuple[int, bool]:
    """Pass signals on and wait; the program's wait status, and whether memory ran out."""
    wake, ring = os.pipe()
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring)
    for awaited in (signal.SIGCHLD, *ENDS):
        signal.signal(awaited, lambda *_: None)
    ordered = out_of_memory = False
    kernel_kills = kernel_memory_kills()
    while (status := reap().get(program)) is None:
        ready, _, _ = select.select([0, wake], [], [], _MEMORY_CHECK_SECONDS if memory_mb else None)
        for number in _orders(ready, wake):
            ordered = ordered or number == signal.SIGKILL
            os.kill(program, number)
        if memory_mb and memory_exceeds(memory_mb << 20):
            out_of_memory = True
            os.kill(program, signal.SIGKILL)
    by_kernel = os.WIFSIGNALED(status) and not ordered and kernel_memory_kills() > kernel_kills
    return status, out_of_memory or by_kernel


def _orders(ready: list[int], wake: int) -> list[int]:
    """The signals that the program is to get; a closed stdin and a signal to ourselves both mean the end."""
    ended = wake in ready and not ENDS.isdisjoint(os.read(wake, 4096))
    if 0 not in ready:
        return [signal.SIGKILL] if ended else []
    lines = os.read(0, 4096)
    return [int(line) for line in lines.split()] if lines and not ended else [signal.SIGKILL]
