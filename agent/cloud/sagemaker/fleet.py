"""The instances that serve one production variant of one deployed configuration.

An instance is a model server: the model's containers as processes of this machine. However many instances are asked
for, at most ``PROCESSES`` really run, so that endpoints of any size fit a laptop; counts, metrics and scaling follow
the number asked for. A serverless variant starts one at its first invocation.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import TYPE_CHECKING

from agent.cloud.sagemaker.serving import ModelServer, ServerPlan, ServingError
from agent.runtime.instances import Capacity, capacity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoint_records import Variant
    from agent.cloud.sagemaker.servable import DeployedImage
    from agent.cloud.sagemaker.serving import ModelAnswer

PROCESSES = 2
NO_CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."


class BusyError(Exception):
    """A serverless variant has as many invocations under way as its MaxConcurrency allows."""


class Fleet:
    """The instances of one variant; ``start`` and ``scale`` may fail and leave what ran before running."""

    def __init__(self, platform: Platform, endpoint: str, variant: Variant, *, healthy: bool = True) -> None:
        self._platform = platform
        self._endpoint = endpoint
        self._variant = variant
        self._healthy = healthy
        self._servers: list[ModelServer] = []
        self._turns: Iterator[int] = itertools.count()
        self._changing = asyncio.Lock()
        self._under_way = 0
        self.images: tuple[DeployedImage, ...] = ()
        self.log_group = f"/aws/sagemaker/Endpoints/{endpoint}"

    async def start(self) -> None:
        """Return when the variant can serve; raises ServingError. A serverless one has nothing to start."""
        if self._variant.serverless is None:
            await self.scale(self._variant.desired_count)
            self.images = tuple(self._servers[0].images)
            return
        if not self._healthy:
            raise ServingError(
                f"The primary container for production variant {self._variant.name} did not pass the ping health "
                "check. Please check CloudWatch logs for this endpoint."
            )
        first = self._server()
        await first.resolve()
        self.images = tuple(first.images)

    async def become(self, variant: Variant) -> None:
        """Serve as ``variant`` says from now on: with more or fewer instances, or another concurrency."""
        self._variant = variant
        if variant.serverless is None:
            await self.scale(variant.desired_count)

    async def scale(self, count: int) -> None:
        """Return when processes for ``count`` instances run; raises ServingError and stays as it was."""
        async with self._changing:
            wanted = min(count, PROCESSES)
            while len(self._servers) > wanted:
                await self._servers.pop().stop()
            fresh = [self._server() for _ in range(wanted - len(self._servers))]
            outcomes = await self._start_all(fresh)
            for failure in filter(None, outcomes):
                raise failure
            self._servers += fresh

    async def _start_all(self, servers: list[ModelServer]) -> list[BaseException | None]:
        """Start all or none: what each start raised, with every server stopped again if one did."""
        outcomes: list[BaseException | None] = []
        try:
            outcomes = await asyncio.gather(*(server.start() for server in servers), return_exceptions=True)
        finally:
            if any(outcomes) or not outcomes:
                await asyncio.gather(*(server.stop() for server in servers))
        return outcomes

    async def stop(self) -> None:
        """End every instance."""
        await self.scale(0)

    @property
    def log_stream(self) -> str:
        """The stream of the newest instance, to which a failed invocation points."""
        return self._servers[-1].plan.log_stream if self._servers else self._variant.name

    async def wake(self) -> None:
        """Start a serverless variant that sleeps; raises ServingError. Anything else is awake."""
        if self._variant.serverless is not None and not self._servers:
            await self.scale(1)

    async def invoke(self, body: bytes, headers: Mapping[str, str], hostname: str | None) -> ModelAnswer:
        """The answer of the next instance in turn; raises ContainerGoneError, BusyError or ServingError."""
        serverless = self._variant.serverless
        if serverless is not None and self._under_way >= serverless.max_concurrency:
            raise BusyError
        self._under_way += 1
        try:
            return await self._pick().invoke(body, headers, hostname)
        finally:
            self._under_way -= 1

    def _pick(self) -> ModelServer:
        """The next instance in turn, but one that is healthy where there is one."""
        servers = self._servers
        if len(servers) == 1:
            return servers[0]
        if not servers:
            raise ServingError(f"production variant {self._variant.name} has no instance")
        turn = next(self._turns)
        ordered = [servers[(turn + offset) % len(servers)] for offset in range(len(servers))]
        return next((server for server in ordered if server.ready), ordered[0])

    def _server(self) -> ModelServer:
        variant = self._variant
        plan = ServerPlan(
            model=variant.model,
            label=f"production variant {variant.name}",
            log_group=self.log_group,
            log_stream=f"{variant.name}/i-{secrets.token_hex(9)[:17]}",
            health_check_seconds=variant.health_check_seconds,
            download_seconds=variant.download_seconds,
            healthy=self._healthy,
            offered=_offered(variant),
        )
        return ModelServer(self._platform, plan)


def _offered(variant: Variant) -> Capacity:
    """What the containers of an instance have; a serverless one has memory, and CPUs in proportion to it."""
    if variant.serverless is not None:
        memory = variant.serverless.memory_mb
        return Capacity(cpus=max(1, memory // 1024), memory_mb=memory)
    return capacity(variant.instance_type or "")
