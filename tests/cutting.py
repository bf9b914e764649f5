"""A way to a server that breaks in the middle, as networks do, and counts what went over it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16


@dataclass
class CuttingWay:
    """Forwards connections to ``server`` (``host:port``); each of ``cuts`` ends one that has sent so many bytes."""

    server: str
    cuts: list[int] = field(default_factory=list)
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forward(self, client: socket.socket) -> None:
        host, _, port = self.server.rpartition(":")
        with client, socket.create_connection((host, int(port))) as server:
            back = threading.Thread(target=_pass, args=(server, client), daemon=True)
            back.start()
            self._upstream(client, server)
            back.join()

    def _upstream(self, client: socket.socket, server: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                server.sendall(data)
                passed += len(data)
                if self._counted(len(data), passed):
                    break
        for end in (server, client):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _counted(self, length: int, passed: int) -> bool:
        with self._lock:
            self.sent += length
            if self.cuts and passed >= self.cuts[0]:
                del self.cuts[0]
                return True
        return False


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def cutting_way(server: str, *cuts: int) -> Iterator[tuple[CuttingWay, str]]:
    """A way to ``server``, and the ``host:port`` where it begins."""
    way = CuttingWay(server=server, cuts=list(cuts))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=way.forward, args=(client,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield way, f"127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
