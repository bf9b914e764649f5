"""Carries jobs that have one attempt (processing, transform) from their start to their end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic

from agent.cloud.faults import FaultKind
from agent.cloud.sagemaker.cluster import Cut, sounded
from agent.cloud.sagemaker.job_watch import Watch
from agent.cloud.sagemaker.jobs import CAPACITY_ERROR, INTERNAL_ERROR, J, JobFailedError, JobStatus, shortened
from agent.cloud.sagemaker.threads import in_thread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.jobs import Handle
    from agent.cloud.sagemaker.slots import Slots

    Alarms = Mapping[asyncio.Task[None], Cut]

_NO_LIMIT_SECONDS = 5 * 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How a job ends; ``members`` are further members of its record."""

    status: JobStatus
    failure: str | None = None
    members: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


COMPLETED = Finish(status=JobStatus.COMPLETED)
STOPPED = Finish(status=JobStatus.STOPPED)


def finish_of(cut: Cut) -> Finish:
    """What becomes of a job that was ended from outside: a lost host fails it, for there is no other attempt."""
    if cut in {Cut.INTERRUPTION, Cut.FAILURE}:
        return Finish(status=JobStatus.FAILED, failure=INTERNAL_ERROR)
    return STOPPED


class OneAttempt(Generic[J]):
    """One job under way; ``operation`` is the action that created it (``sagemaker:CreateProcessingJob``)."""

    def __init__(self, platform: Platform, slots: Slots, handle: Handle[J], operation: str) -> None:
        job = handle.job
        kind = job.arn.split(":")[5].partition("/")[0]
        self.folder: Path = platform.state / "jobs" / f"{kind}-{job.account}-{job.region}-{job.name}"
        self._platform = platform
        self._slots = slots
        self._handle = handle
        self._operation = operation

    async def run(self, work: Callable[[Alarms], Awaitable[Finish]]) -> None:
        """Return when the job has ended; a cancelled run leaves it as it is, to begin anew when it is resumed.

        ``work`` gets the alarms that end it, and raises JobFailedError.
        """
        watch = Watch(self._platform, self._handle.stopping, self._exceeded)
        try:
            # A job that was stopping when the cloud went down has nothing left to be stopped.
            stopped = self._handle.job.status is JobStatus.STOPPING
            finish = STOPPED if stopped else await self._placed(watch, work)
        except JobFailedError as error:
            finish = Finish(status=JobStatus.FAILED, failure=shortened(str(error)))
        finally:
            watch.close()
            await in_thread(shutil.rmtree, self.folder, ignore_errors=True)
        now = self._platform.clock.now()
        self._handle.change(status=finish.status, failure=finish.failure, ended=now, **finish.members)

    async def _placed(self, watch: Watch, work: Callable[[Alarms], Awaitable[Finish]]) -> Finish:
        job = self._handle.job
        async with self._slots.held(*watch.alarms) as placed:
            cut = sounded(watch.alarms)
            if cut is not None or not placed:
                return finish_of(cut or Cut.STOP)
            if self._platform.faults.take({FaultKind.CAPACITY}, self._operation, job.account, job.name):
                raise JobFailedError(CAPACITY_ERROR)
            await in_thread(shutil.rmtree, self.folder, ignore_errors=True)
            self._handle.change(started=self._platform.clock.now())
            limit = (job.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", _NO_LIMIT_SECONDS)
            with watch.running(job, self._operation, float(limit)) as alarms:
                return await work(alarms)

    def _exceeded(self) -> None:
        self._handle.change(status=JobStatus.STOPPING)
