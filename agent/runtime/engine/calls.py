"""Single calls of the engine's API without an event loop: to look whether there is one, and to clear away.

Only the standard library's: the reaper (:mod:`agent.runtime.engine.reaper`) starts with it beside each cloud.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from agent.errors import CloudFailedError

if TYPE_CHECKING:
    from agent.runtime.engine.address import EngineAddress

_SECONDS = 30.0


class EngineError(CloudFailedError):
    """The engine refused something; ``status`` is HTTP's, 0 when it did not answer at all."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("engine", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def call(address: EngineAddress, method: str, path: str, seconds: float = _SECONDS, **query: str) -> Any:
    """The engine's answer, decoded; :class:`EngineError` when it refuses or does not answer in ``seconds``."""
    connection = (
        _UnixConnection(address.socket, seconds)
        if address.socket
        else http.client.HTTPConnection("127.0.0.1", address.port, timeout=seconds)
    )
    try:
        connection.request(method, f"{path}?{urlencode(query)}" if query else path)
        answer = connection.getresponse()
        return decoded(answer.status, answer.read(), f"{method} {path}")
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"the container engine at {address} does not answer: {error}") from error
    finally:
        connection.close()


def decoded(status: int, body: bytes, what: str) -> Any:
    """An answer's document, or its text; :class:`EngineError` with the engine's own words for a refusal."""
    try:
        document = json.loads(body) if body else None
    except ValueError:
        document = body.decode("utf-8", "replace")
    if status >= 400:
        said = document.get("message") if isinstance(document, dict) else document
        raise EngineError(f"the container engine refused {what} (HTTP {status}): {said}", status)
    return document
