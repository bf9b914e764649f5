"""Where the engine is, as everyone else who talks to it is told: ``DOCKER_HOST``, else Docker's own socket."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from agent.errors import UsageError

_USUAL = "unix:///var/run/docker.sock"
_LOOPBACK = ("127.0.0.1", "localhost")
_PORT = 2375


@dataclass(frozen=True, kw_only=True)
class EngineAddress:
    """An engine of this machine: the path of its socket, or its port on the loopback interface."""

    socket: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix://{self.socket}" if self.socket else f"tcp://127.0.0.1:{self.port}"


def engine_address(given: str) -> EngineAddress:
    """Read a ``DOCKER_HOST``, empty for the usual place; :class:`agent.errors.UsageError` for another machine's."""
    parts = urlsplit(given or _USUAL)
    if parts.scheme == "unix" and parts.path:
        return EngineAddress(socket=parts.path)
    if parts.scheme in {"tcp", "http"} and parts.hostname in _LOOPBACK:
        return EngineAddress(port=parts.port or _PORT)
    raise UsageError(
        f"DOCKER_HOST is {given!r}: containers share folders with this machine, so their engine must be its own; "
        "give unix:///path or tcp://127.0.0.1:port"
    )


def chosen_address() -> EngineAddress:
    """The engine that this process's environment names."""
    return engine_address(os.environ.get("DOCKER_HOST", ""))
