"""The program that stands for a command: it hands arguments, environment and files to the server, and ends as it ends.

It imports little, and nothing of the project: its start is the whole point.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import sys

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def main(address: str, words: list[str]) -> int:
    """Ask for one command, pass on every signal, and answer its exit code, or end by the signal that ended it."""
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes longer than all the rest
    content = json.dumps({"words": words, "folder": folder, "environ": dict(os.environ)}).encode()
    early: list[int] = []
    for known in _SIGNALS:
        signal.signal(known, lambda number, _: early.append(number))
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [struct.pack("!I", len(content))], [0, 1, 2])
        server.sendall(content)
        (pid,) = struct.unpack("!i", _received(server))
        for known in _SIGNALS:
            signal.signal(known, lambda number, _: _pass_on(pid, number))
        for number in early:
            _pass_on(pid, number)
        code = int(struct.unpack("!i", _received(server))[0])
    if code < 0:
        if -code in _SIGNALS:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _pass_on(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _received(server: socket.socket) -> bytes:
    answer = b""
    while len(answer) < 4:
        part = server.recv(4 - len(answer))
        if not part:
            sys.exit("the server of prefork has ended")
        answer += part
    return answer
