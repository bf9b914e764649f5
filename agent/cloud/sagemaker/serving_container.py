"""One container that serves: started, pinged until it is healthy, asked, and started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from agent.errors import CloudFailedError
from agent.runtime.container import CannotStartError, ContainerSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.runtime.container import Container, LogLine, RunnableImage, Runtime
    from agent.runtime.instances import Capacity

logger = logging.getLogger(__name__)
_PING_INTERVAL_SECONDS = 0.1
_PING_SECONDS = 2.0
_STOP_SECONDS = 2.0
_LONGEST_BACKOFF_SECONDS = 10.0
_FIRST_BACKOFF_SECONDS = 0.5
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class ContainerGoneError(Exception):
    """The container ended, or closed the connection, before it had answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelAnswer:
    """What a container answered, and which one."""

    status: int
    content_type: str
    custom_attributes: str | None
    body: bytes
    hostname: str


class ServingContainer:
    """A container that is meant to run for as long as :meth:`keep_running` is not cancelled."""

    def __init__(
        self,
        *,
        name: str,
        runtime: Runtime,
        http: aiohttp.ClientSession,
        image: RunnableImage,
        opt_ml: Path,
        hostname: str,
        environment: Mapping[str, str],
        network: bool,
        healthy: bool,
        offered: Capacity | None,
        log: Callable[[LogLine], None],
    ) -> None:
        self.name = name
        self.hostname = hostname
        self.ready = asyncio.Event()
        self.has_had_a_chance = asyncio.Event()
        self._runtime = runtime
        self._http = http
        self._image = image
        self._opt_ml = opt_ml
        self._environment = environment
        self._network = network
        self._healthy = healthy
        self._offered = offered
        self._log = log
        self._url = ""
        self._started = asyncio.Event()
        self._suspected = asyncio.Event()
        self._was_ready = False
        self._failure: CannotStartError | CloudFailedError | None = None

    async def keep_running(self) -> None:
        """Start the container, and start it again whenever it ends; raises CannotStartError."""
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            was_ready = await self._run_once()
            self.has_had_a_chance.set()
            backoff = _FIRST_BACKOFF_SECONDS if was_ready else min(backoff * 2, _LONGEST_BACKOFF_SECONDS)
            await asyncio.sleep(backoff)

    async def first_health(self) -> None:
        """Return when the container is healthy; raises CannotStartError, or CloudFailedError where none can be had."""
        await self._started.wait()
        if self._failure is not None:
            raise self._failure

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> ModelAnswer:
        """The answer to a POST once the container is healthy; raises ContainerGoneError."""
        return await self._ask("POST", path, body, headers)

    async def get(self, path: str) -> ModelAnswer:
        """The answer to a GET once the container is healthy; raises ContainerGoneError."""
        return await self._ask("GET", path, None, {})

    async def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ModelAnswer:
        await self.ready.wait()
        try:
            async with self._http.request(method, self._url + path, data=body, headers=headers) as response:
                return ModelAnswer(
                    status=response.status,
                    content_type=response.headers.get("Content-Type", ""),
                    custom_attributes=response.headers.get(CUSTOM_ATTRIBUTES),
                    body=await response.read(),
                    hostname=self.hostname,
                )
        except aiohttp.ClientError as error:
            self.ready.clear()
            self._suspected.set()
            raise ContainerGoneError(str(error)) from error

    async def _run_once(self) -> bool:
        """One life of the container; whether it was ever healthy."""
        try:
            container = await self._runtime.start(self._spec(_free_port()))
        except CannotStartError as error:
            self._failure = error
            self._started.set()
            raise
        except CloudFailedError as error:
            if not self._started.is_set():
                self._failure = error
                self._started.set()
                raise
            logger.warning("%s is not started again yet: %s", self.name, error)
            return False
        self._url = f"http://{container.address}"
        self._was_ready = False
        pings = asyncio.create_task(self._keep_ready())
        try:
            await container.wait()
            return self._was_ready
        finally:
            self.ready.clear()
            pings.cancel()
            await _end(container)

    async def _keep_ready(self) -> None:
        """Ping until the container is healthy, and again whenever it has dropped a connection."""
        while True:
            self._suspected.clear()
            while not await self._ping():  # noqa: ASYNC110 - a container announces nothing, it must be asked
                await asyncio.sleep(_PING_INTERVAL_SECONDS)
            self._was_ready = True
            self.ready.set()
            self._started.set()
            await self._suspected.wait()
            self.ready.clear()

    async def _ping(self) -> bool:
        """Whether /ping answers 200 in time; any answer at all shows that the container had its chance."""
        limit = aiohttp.ClientTimeout(total=_PING_SECONDS)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.get(f"{self._url}/ping", timeout=limit) as response:
                passed = response.status == 200 and self._healthy
                if not passed:
                    self.has_had_a_chance.set()
                return passed
        return False

    def _spec(self, port: int) -> ContainerSpec:
        offered = self._offered
        return ContainerSpec(
            name=self.name,
            image=self._image,
            opt_ml=self._opt_ml,
            arguments=("serve",),
            environment=self._environment,
            network=self._network,
            port=port,
            memory_mb=offered.memory_mb if offered else None,
            cpus=offered.cpus if offered else None,
            gpus=offered.gpus if offered else 0,
            log=self._log,
        )


async def _end(container: Container) -> None:
    """Stop a container; one whose stop is cut short by a shutdown is killed."""
    try:
        await container.stop(_STOP_SECONDS)
    except asyncio.CancelledError:
        await container.kill()
        raise


def _free_port() -> int:
    """A port of the loopback interface that nobody listens on; a container that loses it to another starts again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
