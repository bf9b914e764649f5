"""What a service of ours offers to the door in front of it, so that others can call one without knowing the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from agent.cloud.identity import Call
    from agent.cloud.wire import Request, Response


class JsonService(Protocol):
    """One of our services that speaks AWS's JSON protocol."""

    async def handle(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one authenticated request."""


class HttpService(Protocol):
    """One of our services with an HTTP interface of its own; it authenticates by itself."""

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
