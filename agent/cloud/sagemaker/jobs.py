"""What all kinds of jobs share: their record, the task that carries each of them, stopping, and resuming."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from agent.cloud.store import Record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agent.cloud.platform import Platform

INTERNAL_ERROR = "InternalServerError: We encountered an internal error. Please try again."
CAPACITY_ERROR = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
OUT_OF_MEMORY = (
    "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance"
)
_LONGEST_REASON = 1024
logger = logging.getLogger(__name__)


class JobFailedError(Exception):
    """A job cannot go on; the text is its ``FailureReason``, in AWS's words."""


class JobStatus(StrEnum):
    """The states that every kind of job knows."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})


class Job(Record):
    """A job as it was asked for and as it stands; a change is a new copy (see :meth:`Jobs.change`)."""

    arn: str
    created: datetime
    modified: datetime
    request: dict[str, Any]
    status: JobStatus = JobStatus.IN_PROGRESS
    started: datetime | None = None
    ended: datetime | None = None
    failure: str | None = None

    @property
    def over(self) -> bool:
        """Whether the job has come to its end."""
        return self.status in TERMINAL


J = TypeVar("J", bound=Job)
Key = tuple[str, str, str]
"""A job's account, region and name."""


def key_of(job: Job) -> Key:
    """What tells a job from others of its kind; its ARN does not, for that is written in small letters."""
    return job.account, job.region, job.name


class Handle(Generic[J]):
    """One job under way, for the code that carries it: what it is now, how to change it, and whether to stop."""

    def __init__(self, jobs: Jobs[J], job: J) -> None:
        self._jobs = jobs
        self._key = key_of(job)
        self.stopping = asyncio.Event()

    @property
    def job(self) -> J:
        """The job as it stands."""
        job = self._jobs.records.get(*self._key)
        assert job is not None, "a job that is under way cannot be deleted"
        return job

    def change(self, **members: Any) -> J:
        """Keep new values of the job's members."""
        return self._jobs.change(self.job, **members)


class Jobs(Generic[J]):
    """The jobs of one kind.

    ``carry`` does the work of one job and leaves it in a terminal state; ``failed`` gives the members of one that a
    mistake of ours has ended.
    """

    def __init__(
        self,
        platform: Platform,
        kind: str,
        record: type[J],
        carry: Callable[[Handle[J]], Awaitable[None]],
        failed: Callable[[J, datetime], Mapping[str, Any]] = lambda _job, now: _failed(now),
    ) -> None:
        self.records = platform.store.collection(kind, record)
        self._platform = platform
        self._kind = kind
        self._carry = carry
        self._failed = failed
        self._handles: dict[Key, Handle[J]] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def begin(self, job: J) -> None:
        """Keep a new job and let it run."""
        self.records.save(job)
        self._spawn(job)

    def change(self, job: J, **members: Any) -> J:
        """Keep a copy of ``job`` with new members and the time of this change."""
        return self.records.save(job.model_copy(update={"modified": self._platform.clock.now(), **members}))

    def stop(self, job: J, **members: Any) -> J:
        """Mark a job as stopping and tell who carries it."""
        stopping = self.change(job, status=JobStatus.STOPPING, **members)
        self._handles[key_of(job)].stopping.set()
        return stopping

    async def ended(self, job: J) -> None:
        """Return when nothing of the job is under way any more."""
        task = self._tasks.get(key_of(job))
        if task is not None:
            await asyncio.wait({task})

    def resume(self) -> None:
        """Let every job run again that was under way when the cloud last went down."""
        for job in self.records.every():
            if not job.over:
                self._spawn(job)
                if job.status is JobStatus.STOPPING:
                    self._handles[key_of(job)].stopping.set()

    def _spawn(self, job: J) -> None:
        key = key_of(job)
        self._handles[key] = Handle(self, job)
        self._tasks[key] = self._platform.spawn(self._run(key), f"{self._kind} {job.name}")

    async def _run(self, key: Key) -> None:
        handle = self._handles[key]
        try:
            await self._carry(handle)
        except Exception:
            logger.exception("%s failed for a reason of ours", handle.job.arn)
            handle.change(**self._failed(handle.job, self._platform.clock.now()))
        finally:
            self._handles.pop(key, None)
            self._tasks.pop(key, None)


def _failed(now: datetime) -> Mapping[str, Any]:
    return {"status": JobStatus.FAILED, "failure": INTERNAL_ERROR, "ended": now}


def shortened(reason: str) -> str:
    """A failure reason as long as AWS gives one: 1,024 characters, the end of a longer one replaced by dots."""
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 3] + "..."
