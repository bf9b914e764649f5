"""Runs the containers of one job, one for each instance, until they end or something outside ends them.

Limits count on the cloud's clock: a job that must stop gets SIGTERM and, 120 seconds of that clock later, SIGKILL
(``StopTrainingJob``, ``StoppingCondition``).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from agent.runtime.container import CannotStartError, Exit, LogLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.cloud.clock import Clock
    from agent.runtime.container import Container, ContainerSpec, Runtime

GRACE_SECONDS = 120.0
_NEVER_SECONDS = 10.0**8


class Cut(Enum):
    """Why a job was ended from outside; the first three leave its containers time to end by themselves."""

    STOP = "stop"
    MAX_RUNTIME = "max-runtime"
    MAX_WAIT = "max-wait"
    INTERRUPTION = "interruption"
    FAILURE = "failure"

    @property
    def graceful(self) -> bool:
        """Whether containers get SIGTERM first."""
        return self in {Cut.STOP, Cut.MAX_RUNTIME, Cut.MAX_WAIT}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the containers of a job ended: exits in the order of the hosts, what cut them short, who failed first."""

    exits: tuple[Exit, ...]
    cut: Cut | None = None
    failed: int | None = None


def sounded(alarms: Mapping[asyncio.Task[None], Cut]) -> Cut | None:
    """What the first finished alarm says; None while all are quiet."""
    return next((cut for task, cut in alarms.items() if task.done()), None)


async def run_cluster(
    runtime: Runtime, clock: Clock, specs: Sequence[ContainerSpec], alarms: Mapping[asyncio.Task[None], Cut]
) -> Ended:
    """Run containers together. One that fails takes the others with it; nothing is left running, however this ends."""
    containers: list[Container] = []
    try:
        for index, spec in enumerate(specs):
            try:
                containers.append(await runtime.start(spec))
            except CannotStartError as error:
                spec.log(LogLine(time=clock.now(), text=str(error)))
                return Ended(exits=(Exit(code=0),) * index + (Exit(code=error.code),), failed=index)
        waits = [asyncio.create_task(container.wait()) for container in containers]
        cut, failed = await _until_over(waits, alarms)
        if cut is not None and cut.graceful:
            await _end_gracefully(clock, containers)
    finally:
        await asyncio.gather(*(container.kill() for container in containers if container.alive))
    return Ended(exits=tuple([await wait for wait in waits]), cut=cut, failed=failed)


async def _until_over(
    waits: Sequence[asyncio.Task[Exit]], alarms: Mapping[asyncio.Task[None], Cut]
) -> tuple[Cut | None, int | None]:
    """Wait until every container has ended, one has failed (which one), or an alarm sounds (why)."""
    running = set(waits)
    while running:
        done, _ = await asyncio.wait({*running, *alarms}, return_when=asyncio.FIRST_COMPLETED)
        running -= done
        failed = next((i for i, wait in enumerate(waits) if wait.done() and wait.result().code != 0), None)
        if failed is not None:
            return None, failed
        if running and (cut := sounded(alarms)) is not None:
            return cut, None
    return None, None


async def _end_gracefully(clock: Clock, containers: Iterable[Container]) -> None:
    """SIGTERM to all, and return when they have ended or their time on the cloud's clock is over."""
    ends = [asyncio.create_task(container.stop(_NEVER_SECONDS)) for container in containers if container.alive]
    if not ends:
        return
    ending = asyncio.ensure_future(asyncio.wait(ends))
    grace = asyncio.create_task(clock.sleep(GRACE_SECONDS))
    try:
        await asyncio.wait({ending, grace}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (ending, grace, *ends):
            task.cancel()
