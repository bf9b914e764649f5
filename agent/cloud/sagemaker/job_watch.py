"""The alarms of one job under way: a request to stop, limits on the cloud's clock, and faults that strike it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.cloud.faults import FaultKind
from agent.cloud.sagemaker.cluster import Cut, sounded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.jobs import Job

_LOOK_SECONDS = 0.1
_STRIKES = {FaultKind.INTERRUPTION: Cut.INTERRUPTION, FaultKind.JOB_FAILURE: Cut.FAILURE}


class Watch:
    """Tasks that end when a job has to; close it when the job is over.

    ``exceeded`` is called when a limit is reached, before the job's containers are told.
    """

    def __init__(self, platform: Platform, stopping: asyncio.Event, exceeded: Callable[[], None]) -> None:
        self._platform = platform
        self._exceeded = exceeded
        self._alarms: dict[asyncio.Task[None], Cut] = {}
        self._add(_set(stopping), Cut.STOP)

    @property
    def alarms(self) -> Mapping[asyncio.Task[None], Cut]:
        """The alarms that are set now."""
        return dict(self._alarms)

    def limit(self, moment: float, cut: Cut) -> None:
        """Sound when the cloud's clock shows ``moment`` (seconds since the epoch)."""
        self._add(self._reach(moment), cut)

    @contextmanager
    def running(self, job: Job, operation: str, seconds: float) -> Iterator[Mapping[asyncio.Task[None], Cut]]:
        """All alarms while a job's instances run: at most ``seconds`` more, and as long as no fault strikes them."""
        clock = self._platform.clock
        started = clock.time()
        added = [self._add(self._reach(started + seconds), Cut.MAX_RUNTIME)]
        added += [self._add(self._struck(job, operation, kind, started), cut) for kind, cut in _STRIKES.items()]
        try:
            yield self.alarms
        finally:
            for task in added:
                task.cancel()
                del self._alarms[task]

    async def sleep(self, seconds: float) -> Cut | None:
        """Wait on the cloud's clock; what sounded meanwhile, if anything did."""
        nap = asyncio.create_task(self._platform.clock.sleep(seconds))
        try:
            await asyncio.wait({nap, *self._alarms}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
        return sounded(self._alarms)

    def close(self) -> None:
        """Forget every alarm."""
        for task in self._alarms:
            task.cancel()

    def _add(self, wait: Coroutine[object, object, None], cut: Cut) -> asyncio.Task[None]:
        task = asyncio.create_task(wait)
        self._alarms[task] = cut
        return task

    async def _reach(self, moment: float) -> None:
        await self._platform.clock.sleep_until(moment)
        self._exceeded()

    async def _struck(self, job: Job, operation: str, kind: FaultKind, started: float) -> None:
        """Return when a fault strikes the job; faults may be switched on while it runs, so this keeps looking."""
        clock, faults = self._platform.clock, self._platform.faults
        while not faults.take({kind}, operation, job.account, job.name, elapsed=clock.time() - started):
            await clock.sleep(_LOOK_SECONDS * clock.rate)


async def _set(event: asyncio.Event) -> None:
    await event.wait()
