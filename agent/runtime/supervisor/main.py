"""From the launch line to the program's end; what :mod:`agent.runtime.isolation` starts."""

from __future__ import annotations

import json
import os
import signal
import sys

from agent.runtime.supervisor.kernel import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, call
from agent.runtime.supervisor.processes import kill_descendants
from agent.runtime.supervisor.program import spawn, supervise
from agent.runtime.supervisor.root import enter_root

TYPE_CHECKING = False  # the real one would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def main() -> None:
    """Start the program, hold its processes together, and report how it ended."""
    launch = _read_launch()
    try:
        _prepare(launch)
    except OSError as error:
        sys.exit(f"{error.strerror} {error.filename or ''}")
    try:
        program = spawn(launch)
    except OSError as error:
        _report(failed=error.strerror, errno=error.errno, program=launch["argv"][0])
        sys.exit(127)
    _report(started=True)
    status, out_of_memory = supervise(program, launch["memory_mb"])
    if launch["mounts"] is None:
        kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    _report(exit=code if code >= 0 else 128 - code, signal=-code if code < 0 else None, out_of_memory=out_of_memory)


def _read_launch() -> Mapping[str, Any]:
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(0, 1 << 16)
        if not piece:
            sys.exit("the launch line is cut")
        data += piece
    launch: Mapping[str, Any] = json.loads(data)
    return launch


def _prepare(launch: Mapping[str, Any]) -> None:
    """Make this process the container's first: contained by namespaces, or at least the one that adopts orphans."""
    if launch["mounts"] is None:
        _guard()
        return
    call("sethostname", launch["hostname"], len(launch["hostname"]))
    if launch["network"]:
        enter_root(launch["mounts"])
    else:
        # Imported late: few containers need it, and sockets take long to import.
        from agent.runtime.supervisor.network import isolate_network, start_relay

        listener = isolate_network(launch["port"])
        enter_root(launch["mounts"])
        if listener:
            start_relay(listener, launch["port"])
    os.makedirs(launch["working_dir"], exist_ok=True)


def _guard() -> None:
    """Go on in a child, and clean up after it should it be killed; who kills us here makes the child clean up.

    Two are needed because modelyard's event loop, when it is closed in a hurry, kills its child without a word.
    """
    call("prctl", PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        kill_descendants()
        os._exit(min(abs(os.waitstatus_to_exitcode(status)), 255))
    call("prctl", PR_SET_CHILD_SUBREAPER, 1)
    call("prctl", PR_SET_PDEATHSIG, signal.SIGTERM)


def _report(**what: object) -> None:
    os.write(2, json.dumps(what).encode() + b"\n")
