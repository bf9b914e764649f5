"""Carries one tuning job: launches training jobs as its strategy chooses, until it has enough or has to stop."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from agent.cloud.sagemaker.jobs import Job, JobStatus, shortened
from agent.cloud.sagemaker.training_state import TuningOrigin
from agent.cloud.sagemaker.tuning_definition import definitions, job_limit
from agent.cloud.sagemaker.tuning_progress import Run, completed_early, hopeless
from agent.cloud.sagemaker.tuning_search import STRATEGIES, Search, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.jobs import Handle
    from agent.cloud.sagemaker.training import TrainingJobs
    from agent.cloud.sagemaker.tuning_definition import Definition


class TuningJob(Job):
    """A tuning job. ``launched`` names its training jobs in order; ``parents`` are the trials of a warm start."""

    seed: int
    launched: tuple[str, ...] = ()
    parents: tuple[dict[str, str], ...] = ()
    parent_losses: tuple[float | None, ...] = ()


def runs_of(job: TuningJob, training: TrainingJobs) -> list[Run]:
    """The training jobs of a tuning job that have not been deleted."""
    found = definitions(job.request)
    runs = []
    for number, name in enumerate(job.launched):
        record = training.jobs.records.get(job.account, job.region, name)
        if record is not None and record.tuning is not None and record.tuning.arn == job.arn:
            runs.append(Run(job=record, definition=found[number % len(found)]))
    return runs


class TuningRun:
    """One job under way."""

    def __init__(
        self, platform: Platform, training: TrainingJobs, handle: Handle[TuningJob], tags: list[dict[str, str]]
    ) -> None:
        job = handle.job
        self._platform = platform
        self._training = training
        self._handle = handle
        self._tags = tags
        self._config = job.request["HyperParameterTuningJobConfig"]
        self._definitions = definitions(job.request)
        self._limit = job_limit(self._config, self._definitions)

    async def run(self) -> None:
        """Return when the job has ended and none of its training jobs runs."""
        stopping = asyncio.create_task(_set(self._handle.stopping))
        overdue = asyncio.create_task(self._run_out())
        try:
            status, failure = await self._launch_until(stopping, overdue)
            await self._stop_running()
        finally:
            stopping.cancel()
            overdue.cancel()
        now = self._platform.clock.now()
        self._handle.change(status=status, failure=shortened(failure) if failure else None, ended=now)

    async def _launch_until(
        self, stopping: asyncio.Task[None], overdue: asyncio.Task[None]
    ) -> tuple[JobStatus, str | None]:
        """Keep as many training jobs running as may; how the job ends, and why if it fails."""
        while True:
            runs = runs_of(self._handle.job, self._training)
            if self._handle.stopping.is_set():
                return JobStatus.STOPPED, None
            enough = len(self._handle.job.launched) >= self._limit
            running = [run for run in runs if not run.job.over]
            failure = hopeless(runs, finished=enough and not running)
            if failure is not None:
                return JobStatus.FAILED, failure
            if overdue.done() or completed_early(self._config, runs) or (enough and not running):
                return JobStatus.COMPLETED, None
            if not enough and len(running) < self._config["ResourceLimits"]["MaxParallelTrainingJobs"]:
                await self._launch(runs)
                continue
            ends = [asyncio.create_task(self._training.jobs.ended(run.job)) for run in running]
            try:
                await asyncio.wait({*ends, stopping, overdue}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()

    async def _launch(self, runs: Sequence[Run]) -> None:
        """Launch the next training job; one that a killed cloud had launched already is taken up."""
        job = self._handle.job
        number = len(job.launched)
        definition = self._definitions[number % len(self._definitions)]
        name = training_name(job, number)
        if self._training.jobs.records.get(job.account, job.region, name) is None:
            # Choosing is arithmetic over all trials: with thousands of them other requests must not wait for it.
            tuned = await asyncio.to_thread(self._choose, definition, number, runs)
            origin = TuningOrigin(arn=job.arn, name=job.name, definition=definition.name, tuned=tuned)
            request = {**definition.training_request(name, tuned), "Tags": self._tags}
            self._training.launch(job.account, job.region, request, tuning=origin)
        self._handle.change(launched=(*job.launched, name))

    def _choose(self, definition: Definition, number: int, runs: Sequence[Run]) -> dict[str, str]:
        job = self._handle.job
        earlier = [Trial(values=values, loss=loss) for values, loss in zip(job.parents, job.parent_losses, strict=True)]
        search = Search(
            ranges=definition.ranges,
            trials=[
                *earlier,
                *(run.trial for run in runs if run.definition is definition or run.definition == definition),
            ],
            number=number // len(self._definitions),
            seed=job.seed,
        )
        chosen = STRATEGIES[self._config["Strategy"]](search)
        assert chosen is not None, "a grid is not asked for more than its size"
        return chosen

    async def _stop_running(self) -> None:
        running = [run.job for run in runs_of(self._handle.job, self._training) if not run.job.over]
        for job in running:
            if job.status is JobStatus.IN_PROGRESS:
                self._training.request_stop(job)
        for job in running:
            await self._training.jobs.ended(job)

    async def _run_out(self) -> None:
        """Return when the job's own MaxRuntimeInSeconds is over; never for a job without one."""
        seconds = self._config["ResourceLimits"].get("MaxRuntimeInSeconds")
        if seconds is None:
            await asyncio.Event().wait()
        else:
            await self._platform.clock.sleep_until(self._handle.job.created.timestamp() + seconds)


def training_name(job: TuningJob, number: int) -> str:
    """The name of a tuning job's training job ``number`` (from 0), such as ``tune-001-1a2b3c4d``."""
    digest = hashlib.sha256(f"{job.arn} {job.created.isoformat()} {number}".encode()).hexdigest()
    return f"{job.name}-{number + 1:03d}-{digest[:8]}"


async def _set(event: asyncio.Event) -> None:
    await event.wait()
