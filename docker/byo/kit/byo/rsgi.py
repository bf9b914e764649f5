"""The little of granian's interface, RSGI 1.4, that a server of predictions needs: what it must offer, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Headers(Protocol):
    """The headers of a request."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """A header's value, by its name in lower case."""


class Scope(Protocol):
    """What is known of a request before its body."""

    @property
    def method(self) -> str:
        """Its method, in upper case."""

    @property
    def path(self) -> str:
        """Its path, decoded."""

    @property
    def headers(self) -> Headers:
        """Its headers."""


class Transport(Protocol):
    """Where a request's body comes from, whole or in parts, and where the response goes."""

    async def __call__(self) -> bytes:
        """The whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body's parts."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer; a second answer is ignored. May be called from any thread."""


def header(scope: Scope, name: str) -> str:
    """A header's value, or nothing where it is not there or no text."""
    value = scope.headers.get(name)
    return value if isinstance(value, str) else ""
