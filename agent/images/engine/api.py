"""The part of an engine's API that building uses, in the words of the docker SDK's low-level client.

Source: "Docker Engine API" v1.40; podman answers it, too.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Message = dict[str, Any]
"""One JSON document of a stream: ``stream`` is output, ``status`` with ``id`` and ``progressDetail`` progress."""


class EngineApi(Protocol):
    """What :class:`docker.APIClient` offers of it; each call may raise what the SDK raises."""

    def info(self) -> Message:
        """``GET /info``."""

    def version(self) -> Message:
        """``GET /version``."""

    def build(self, **order: Any) -> Iterable[Message]:
        """``POST /build``: the messages as they come."""

    def pull(self, repository: str, **how: Any) -> Iterable[Message]:
        """``POST /images/create``: the messages as they come."""

    def push(self, repository: str, **how: Any) -> Iterable[Message]:
        """``POST /images/NAME/push``: the messages as they come."""

    def load_image(self, data: IO[bytes] | bytes) -> Iterable[Message]:
        """``POST /images/load`` of an archive."""

    def inspect_image(self, image: str) -> Message:
        """``GET /images/NAME/json``."""

    def history(self, image: str) -> Sequence[Message]:
        """``GET /images/NAME/history``, the newest first."""

    def tag(self, image: str, repository: str, tag: str) -> bool:
        """``POST /images/NAME/tag``."""

    def remove_image(self, image: str, *, noprune: bool = False) -> None:
        """``DELETE /images/NAME``."""

    def inspect_distribution(self, image: str, auth_config: Mapping[str, str] | None = None) -> Message:
        """``GET /distribution/NAME/json``: what a registry has under the name."""

    def create_container(self, image: str, command: Sequence[str], **settings: Any) -> Message:
        """``POST /containers/create``."""

    def start(self, container: str) -> None:
        """``POST /containers/ID/start``."""

    def wait(self, container: str) -> Message:
        """``POST /containers/ID/wait``."""

    def logs(self, container: str, *, stdout: bool, stderr: bool) -> bytes:
        """``GET /containers/ID/logs``, whole."""

    def remove_container(self, container: str, *, force: bool) -> None:
        """``DELETE /containers/ID``."""
