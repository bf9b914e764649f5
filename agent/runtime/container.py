"""What running a container means to the rest of modelyard: one Protocol, and the values that cross it.

Two implementations stand behind it: processes under Linux namespaces (:mod:`agent.runtime.process`) and, where one
is reachable, a container engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from agent.errors import UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path, PurePosixPath

    from agent.images.unpack import UnpackedImage


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line that the container wrote to stdout or stderr, without its line end; ``time`` is when it arrived."""

    time: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a container ended: ``code`` is 0 to 255, and 128 + ``signal`` after a signal, as container engines say it."""

    code: int
    signal: int | None = None
    out_of_memory: bool = False


@dataclass(frozen=True, kw_only=True)
class Bind:
    """The host's folder ``source`` appears, writable, at the container's absolute path ``target``."""

    source: Path
    target: str


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """One container to start.

    - ``arguments``: ``("train",)``, ``("serve",)``, or a processing job's ContainerArguments.
    - ``entrypoint``: replaces the image's, which also drops the image's CMD, as `docker run --entrypoint` does.
    - ``opt_ml``: the host's folder that the container sees as ``/opt/ml`` (see :meth:`Runtime.base_dir`).
    - ``network``: False leaves the container nothing but its own loopback (EnableNetworkIsolation).
    - ``port``: where a server must listen; it is then reached at 127.0.0.1:port. The container is told by
      ``SAGEMAKER_BIND_TO_PORT``, and by ``MODELYARD_BIND_HOST`` when it should listen there and nowhere else.
    - ``hosts``: names and addresses that the container can resolve, for jobs of several instances.
    - ``memory_mb``: MiB that the container's processes may use together, or None for no limit.
    - ``log``: takes every line in order, on the event loop's thread; it must not block.
    """

    name: str
    image: UnpackedImage
    opt_ml: Path
    log: Callable[[LogLine], None]
    arguments: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    binds: tuple[Bind, ...] = ()
    network: bool = True
    port: int | None = None
    hostname: str | None = None
    hosts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    memory_mb: int | None = None


class CannotStartError(UserCodeFailedError):
    """The container's program could not be started; ``code`` is what a container engine would exit with.

    126: found but not executable. 127: not found.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Container(Protocol):
    """A started container; whoever started it must await its end."""

    @property
    def pid(self) -> int:
        """The host's process id of what holds the container."""

    @property
    def alive(self) -> bool:
        """Whether the container has not ended yet."""

    async def wait(self) -> Exit:
        """The container's end, after its last log line; any number of tasks may wait."""

    async def stop(self, grace_seconds: float) -> Exit:
        """SIGTERM, and SIGKILL for what is left after ``grace_seconds``."""

    async def kill(self) -> Exit:
        """SIGKILL for every process of the container."""


class Runtime(Protocol):
    """Starts containers, and leaves none behind."""

    @property
    def isolation(self) -> str:
        """How containers are kept apart from this machine, in words for people."""

    def base_dir(self, opt_ml: Path) -> PurePosixPath:
        """Where a container will see its ``opt_ml`` folder: ``/opt/ml``, unless the runtime cannot mount."""

    async def start(self, spec: ContainerSpec) -> Container:
        """Start a container; :class:`CannotStartError` when its program is missing or not executable."""

    async def close(self) -> None:
        """Kill every container that is still alive."""
