"""Carries one training job from Starting to its end: places, data, containers, artifacts, and another try if need be.

An *attempt* is one life on a set of instances. Spot interruptions, failures of the (simulated) service and a restart
of the cloud end an attempt, not the job; the next one finds the checkpoints that the last one left in S3.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cloud.faults import FaultKind
from agent.cloud.sagemaker.cluster import Cut, Ended, run_cluster, sounded
from agent.cloud.sagemaker.instances import training_hosts
from agent.cloud.sagemaker.job_watch import Watch
from agent.cloud.sagemaker.jobs import CAPACITY_ERROR, INTERNAL_ERROR, JobFailedError, JobStatus
from agent.cloud.sagemaker.threads import in_thread
from agent.cloud.sagemaker.training_files import TrainingFiles
from agent.cloud.sagemaker.training_log import TrainingLog
from agent.cloud.sagemaker.training_state import (
    NO_CAPACITY,
    PREPARING,
    REPLACING,
    Secondary,
    attempt_begun,
    attempt_over,
    ended,
    moved,
)
from agent.cloud.sagemaker.upload_loop import uploading

if TYPE_CHECKING:
    from datetime import datetime

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.jobs import Handle
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.slots import Slots
    from agent.cloud.sagemaker.training_state import TrainingJob
    from agent.runtime.container import RunnableImage

OPERATION = "sagemaker:CreateTrainingJob"
_CAPACITY_RETRY_SECONDS = 60.0
_CUT_ENDS = {
    Cut.STOP: Secondary.STOPPED,
    Cut.MAX_RUNTIME: Secondary.MAX_RUNTIME_EXCEEDED,
    Cut.MAX_WAIT: Secondary.MAX_WAIT_TIME_EXCEEDED,
}


@dataclass(frozen=True, kw_only=True)
class End:
    """How a job ends."""

    status: Secondary
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Again:
    """A job starts another attempt: because its spot instances were taken, or as a retry after a failure of a host."""

    interrupted: bool


def after_cut(job: TrainingJob, cut: Cut) -> End | Again:
    """What becomes of a job whose containers were ended from outside.

    An interruption restarts a spot job and is a host's failure to any other; a host's failure is retried as often as
    the job's ``RetryStrategy`` says.
    """
    if cut in _CUT_ENDS:
        return End(status=_CUT_ENDS[cut])
    if cut is Cut.INTERRUPTION and job.spot:
        return Again(interrupted=True)
    attempts = (job.request.get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0)
    if job.retries < attempts:
        return Again(interrupted=False)
    return End(status=Secondary.FAILED, failure=INTERNAL_ERROR)


class TrainingRun:
    """One job under way."""

    def __init__(self, platform: Platform, slots: Slots, handle: Handle[TrainingJob]) -> None:
        self._platform = platform
        self._slots = slots
        self._handle = handle
        job = handle.job
        self._folder = platform.state / "jobs" / f"training-{job.account}-{job.region}-{job.name}"
        self._watch = Watch(platform, handle.stopping, self._exceeded)

    async def run(self) -> None:
        """Return when the job has ended; a cancelled run leaves it as it is, to be resumed."""
        try:
            end = await self._attempts()
        finally:
            self._watch.close()
            await in_thread(shutil.rmtree, self._folder, ignore_errors=True)
        self._finish(end)

    async def _attempts(self) -> End:
        job = self._handle.job
        if job.status is JobStatus.STOPPING:
            # The cloud went down while the job was stopping; nothing of it is left to be stopped.
            return End(status=Secondary.STOPPED)
        if job.started is not None:
            self._change(attempt_over(job, job.modified))
            self._move(Secondary.STARTING, REPLACING)
        if wait := job.limit.get("MaxWaitTimeInSeconds"):
            self._watch.limit(job.created.timestamp() + wait, Cut.MAX_WAIT)
        while True:
            try:
                outcome = await self._placed()
            except JobFailedError as error:
                return End(status=Secondary.FAILED, failure=str(error))
            self._change(attempt_over(self._handle.job, self._now()))
            if isinstance(outcome, End):
                return outcome
            self._again(outcome)

    def _again(self, outcome: Again) -> None:
        if outcome.interrupted:
            self._move(Secondary.INTERRUPTED)
            self._move(Secondary.STARTING)
        else:
            self._change({"retries": self._handle.job.retries + 1})
            self._move(Secondary.STARTING, REPLACING)

    async def _placed(self) -> End | Again:
        """One attempt, as soon as there is a place for it."""
        async with self._slots.held(*self._watch.alarms) as placed:
            cut = sounded(self._watch.alarms)
            if cut is not None or not placed:
                return after_cut(self._handle.job, cut or Cut.STOP)
            if end := await self._without_capacity():
                return end
            return await self._attempt()

    async def _without_capacity(self) -> End | None:
        """The end of a job that gets no instances; None once it has them. Spot jobs go on asking."""
        job = self._handle.job
        while self._platform.faults.take({FaultKind.CAPACITY}, OPERATION, job.account, job.name):
            if not job.spot:
                return End(status=Secondary.FAILED, failure=CAPACITY_ERROR)
            self._move(Secondary.STARTING, NO_CAPACITY)
            cut = await self._watch.sleep(_CAPACITY_RETRY_SECONDS)
            if cut is not None:
                return End(status=_CUT_ENDS[cut])
        return None

    async def _attempt(self) -> End | Again:
        self._move(Secondary.STARTING, PREPARING)
        job = self._handle.job
        hosts = training_hosts(job.request["ResourceConfig"])
        files = TrainingFiles(self._platform, job, hosts, self._folder)
        image = await files.pull()
        self._change(attempt_begun(job, self._now()))
        if job.request.get("InputDataConfig") or job.request.get("CheckpointConfig"):
            self._move(Secondary.DOWNLOADING)
        await files.download()
        log = TrainingLog(self._platform, self._handle, files.session.credentials, hosts)
        async with log, uploading(files.checkpoints):
            over = await self._train(files, image, log)
        await files.upload_checkpoints()
        return await self._conclude(files, over)

    async def _train(self, files: TrainingFiles, image: RunnableImage, log: TrainingLog) -> Ended:
        """Run the containers for as long as the job may; alarms count only while they do."""
        job, clock = self._handle.job, self._platform.clock
        with self._watch.running(job, OPERATION, self._runtime_left()) as alarms:
            if (cut := sounded(alarms)) is not None:
                return Ended(exits=(), cut=cut)
            self._move(Secondary.TRAINING)
            return await run_cluster(self._platform.runtime, clock, files.containers(image, log), alarms)

    async def _conclude(self, files: TrainingFiles, over: Ended) -> End | Again:
        """What containers that have ended mean for their job; artifacts are uploaded if hosts are left to have them."""
        if over.cut is not None and not (over.cut.graceful and over.exits):
            return after_cut(self._handle.job, over.cut)
        self._move(Secondary.UPLOADING)
        self._change({"artifacts": await files.upload()})
        if over.cut is not None:
            return after_cut(self._handle.job, over.cut)
        if over.failed is not None:
            return End(status=Secondary.FAILED, failure=files.failure(over))
        return End(status=Secondary.COMPLETED)

    def _runtime_left(self) -> float:
        """Seconds that the job's instances may still run; what earlier attempts used counts."""
        job = self._handle.job
        assert job.attempt_started is not None
        used = job.used_seconds + (self._now() - job.attempt_started).total_seconds()
        return float(job.limit["MaxRuntimeInSeconds"]) - used

    def _exceeded(self) -> None:
        """A limit is reached: the job is stopping, as if it had been asked to."""
        self._handle.change(status=JobStatus.STOPPING, **moved(self._handle.job, Secondary.STOPPING, self._now()))

    def _finish(self, end: End) -> None:
        self._change(ended(self._handle.job, end.status, self._now(), end.failure))

    def _move(self, status: Secondary, message: str | None = None) -> None:
        self._change(moved(self._handle.job, status, self._now(), message))

    def _change(self, members: Members) -> None:
        self._handle.change(**members)

    def _now(self) -> datetime:
        return self._platform.clock.now()
