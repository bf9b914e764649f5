"""The process that forks: it waits for orders at a socket, and tells each client the end of its command."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli import main
from tests.prefork.ready import import_everything

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class _Command:
    """A command under way: the client that waits for it, its process, and a file that tells its end."""

    client: socket.socket
    pid: int
    end: int


class _Server:
    """Forks for each order; the child comes back from :meth:`serve` with its order, the server never does."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)

    def serve(self) -> Mapping[str, Any]:
        """Wait for orders until the process is ended; in a child, what it has to do."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listening:
                    order = self._accept()
                    if order is not None:
                        return order
                elif key.fileobj is key.data.client:
                    self._lose(key.data)
                else:
                    self._end(key.data)

    def _accept(self) -> Mapping[str, Any] | None:
        client, _ = self._listening.accept()
        try:
            content, files = _order(client)
        except (OSError, struct.error):  # it was killed before it had said anything
            client.close()
            return None
        pid = os.fork()
        if pid == 0:
            self._become(client, files)
            order: dict[str, Any] = json.loads(content)
            return order
        for file in files:
            os.close(file)
        command = _Command(client=client, pid=pid, end=os.pidfd_open(pid))
        self._selector.register(command.end, selectors.EVENT_READ, command)
        self._selector.register(client, selectors.EVENT_READ, command)
        _tell(client, pid)
        return None

    def _become(self, client: socket.socket, files: list[int]) -> None:
        """Keep nothing of the server's but what it has imported."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            else:
                os.close(key.fd)
        self._selector.close()
        client.close()
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)

    def _lose(self, command: _Command) -> None:
        """The client was killed: so is its command, with all that it has started in its group."""
        self._selector.unregister(command.client)
        os.killpg(command.pid, signal.SIGKILL)

    def _end(self, command: _Command) -> None:
        _, status = os.waitpid(command.pid, 0)
        self._selector.unregister(command.end)
        os.close(command.end)
        if command.client in {key.fileobj for key in self._selector.get_map().values()}:
            self._selector.unregister(command.client)
        _tell(command.client, os.waitstatus_to_exitcode(status))
        command.client.close()


def _order(client: socket.socket) -> tuple[bytes, list[int]]:
    header, files, _, _ = socket.recv_fds(client, 4, 3)
    (length,) = struct.unpack("!I", header)
    content = b""
    while len(content) < length:
        part = client.recv(length - len(content))
        if not part:
            raise ConnectionResetError
        content += part
    return content, files


def _tell(client: socket.socket, number: int) -> None:
    try:
        client.sendall(struct.pack("!i", number))
    except OSError:
        return  # nobody waits for it any more


def run(address: Path) -> int:
    """Serve at a socket; in each child, the exit code of its command."""
    import_everything()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(address))
    listening.listen(64)
    order = _Server(listening).serve()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv[:] = ["modelyard", *order["words"]]
    return main()


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
