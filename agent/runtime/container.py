"""What running a container means to the rest of modelyard: one Protocol, and the values that cross it.

Two implementations stand behind it: processes under Linux namespaces (:mod:`agent.runtime.process`) and, where one
is reachable, a container engine (:mod:`agent.runtime.engine.runtime`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from agent.errors import UserCodeFailedError
from agent.images.unpack import UnpackedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path, PurePosixPath


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
class EngineImage:
    """An image that a container engine has under ``identity``; ``digest`` is its manifest's, ``user`` its USER."""

    digest: str
    identity: str
    user: str = ""


RunnableImage = UnpackedImage | EngineImage
"""An image made ready for one of the runtimes; its type says for which."""


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """One container to start.

    - ``arguments``: ``("train",)``, ``("serve",)``, or a processing job's ContainerArguments.
    - ``entrypoint``: replaces the image's, which also drops the image's CMD, as `docker run --entrypoint` does.
    - ``opt_ml``: the host's folder that the container sees as ``/opt/ml`` (see :meth:`Runtime.base_dir`).
    - ``network``: False leaves the container nothing but its own loopback (EnableNetworkIsolation).
    - ``port``: a free port of this machine's loopback, for a server; one that has a network of its own listens on 8080
      instead. Where it is reached is the container's :attr:`Container.address`. It is told its port by
      ``SAGEMAKER_BIND_TO_PORT``, and by ``MODELYARD_BIND_HOST`` when it should listen there and nowhere else.
    - ``hosts``: names of a job's instances that the container can resolve, and their addresses where all containers
      share this machine's loopback.
    - ``cluster``: what the containers of one job of several instances have in common, and those of no other job.
    - ``memory_mb``: MiB that the container's processes may use together, or None for no limit.
    - ``cpus`` and ``gpus``: what the instance has of them; ``cpus`` is None for no limit.
    - ``log``: takes every line in order, on the event loop's thread; it must not block.
    """

    name: str
    image: RunnableImage
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
    cluster: str | None = None
    memory_mb: int | None = None
    cpus: int | None = None
    gpus: int = 0

    @property
    def unpacked(self) -> UnpackedImage:
        """The image as a runtime of processes needs it."""
        assert isinstance(self.image, UnpackedImage), f"{self.image.digest} was made ready for another runtime"
        return self.image


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

    @property
    def address(self) -> str:
        """``host:port`` at which this machine reaches the container's server, if it is one."""

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

    def base_dir(self, image: RunnableImage, opt_ml: Path) -> PurePosixPath:
        """Where a container will see its ``opt_ml`` folder: ``/opt/ml``, unless the runtime cannot mount."""

    def interface(self, image: RunnableImage) -> str:
        """The network interface by which a container reaches the others of its job."""

    async def start(self, spec: ContainerSpec) -> Container:
        """Start a container; :class:`CannotStartError` when its program is missing or not executable."""

    async def close(self) -> None:
        """Kill every container that is still alive."""
