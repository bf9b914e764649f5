"""An S3 that gives the answers it was told to give, for what a real one does only on a bad day."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer; no ``status`` closes the connection instead, a ``length`` beyond the body's cuts it in the middle."""

    status: int | None
    body: bytes = b""
    length: int | None = None
    etag: str | None = None

    @property
    def wire(self) -> bytes:
        """As it goes over the connection."""
        if self.status is None:
            return b""
        length = len(self.body) if self.length is None else self.length
        head = [f"HTTP/1.1 {self.status} Told", f"Content-Length: {length}", "Connection: close"]
        head += [f'ETag: "{self.etag}"'] if self.etag else []
        return "\r\n".join([*head, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Received:
    """The head of one request."""

    lines: tuple[str, ...]

    def header(self, name: str) -> str | None:
        """A header's value, by its name in lower case."""
        found = [line.partition(": ")[2] for line in self.lines[1:] if line.lower().startswith(f"{name}:")]
        return found[0] if found else None


@dataclass
class Script:
    """Where it answers, and what it was asked so far."""

    endpoint: str
    requests: list[Received] = field(default_factory=list)


def serving(answers: Sequence[Answer]) -> Script:
    """Serve these answers, one for each connection, and then no more."""
    listening = socket.create_server(("127.0.0.1", 0))
    script = Script(f"http://127.0.0.1:{listening.getsockname()[1]}")

    def serve() -> None:
        with listening:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    script.requests.append(_received(connection))
                    connection.sendall(answer.wire)

    threading.Thread(target=serve, daemon=True).start()
    return script


def _received(connection: socket.socket) -> Received:
    """One request, read to its end; boto3 waits for `100 Continue` before it sends a body."""
    head, _, body = _until(connection, b"", b"\r\n\r\n").partition(b"\r\n\r\n")
    received = Received(tuple(head.decode().split("\r\n")))
    if received.header("expect"):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if received.header("transfer-encoding") == "chunked":
        _until(connection, body, b"0\r\n\r\n")
        return received
    left = int(received.header("content-length") or 0) - len(body)
    while left > 0:
        left -= len(connection.recv(left))
    return received


def _until(connection: socket.socket, data: bytes, end: bytes) -> bytes:
    while end not in data:
        more = connection.recv(1 << 16)
        if not more:
            break
        data += more
    return data
