"""SageMaker's jobs, as much as starting, adopting, watching, explaining and stopping them needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from agent.errors import TemporaryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class JobKind(StrEnum):
    """Which API and which log group a job belongs to."""

    TRAINING = "training"
    PROCESSING = "processing"
    TRANSFORM = "transform"

    @property
    def noun(self) -> str:
        """What the API calls such a job in the names of actions, members and log groups: ``TrainingJob``."""
        return f"{self.capitalize()}Job"


class JobStatus(StrEnum):
    """SageMaker's own words (``TrainingJobStatus``, ``ProcessingJobStatus``, ``TransformJobStatus``)."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job as DescribeTrainingJob, DescribeProcessingJob or DescribeTransformJob shows it.

    ``phase`` is the secondary status of training jobs, such as ``Downloading``; ``exit_message`` what a processing
    container left; ``model_artifacts`` the S3 address of ``model.tar.gz``; ``max_runtime`` the limit in seconds that
    the job was started with, None for transform jobs, which SageMaker sets none; ``billable_seconds`` None until known.
    """

    name: str
    arn: str
    status: JobStatus
    phase: str = ""
    failure_reason: str = ""
    exit_message: str = ""
    model_artifacts: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    max_runtime: int | None = None
    billable_seconds: int | None = None

    @property
    def over(self) -> bool:
        """Whether the job has come to its end, however it did."""
        return self.status in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED}


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """Lines of a job's log streams since the last page, and where the next one goes on.

    ``more`` says that lines are known to wait beyond this page.
    """

    lines: tuple[str, ...]
    position: Mapping[str, str]
    more: bool = False


class NoCapacityError(TemporaryError):
    """The machines are not to be had now: AWS has none, or the account's quota is in use."""


class Jobs(Protocol):
    """Jobs of one account; blocking, and safe to use from several threads.

    Refusals raise AccessDeniedError, InputMissingError, CloudFailedError, and TemporaryError once the client's own
    retries are used up; asking again is always safe.
    """

    def describe(self, kind: JobKind, name: str) -> JobState | None:
        """A job, or None where there is none of that name."""

    def create(self, kind: JobKind, request: Mapping[str, Any]) -> bool:
        """CreateTrainingJob, CreateProcessingJob or CreateTransformJob; False where a job of that name exists already.

        Raises NoCapacityError when a quota is in use, CloudFailedError when it is zero.
        """

    def stop(self, kind: JobKind, name: str) -> None:
        """Ask a job to stop; a job that has ended already stays as it is."""

    def log(self, kind: JobKind, name: str, position: Mapping[str, str]) -> LogPage:
        """What the job's containers wrote since ``position`` (empty for all of it); no streams yet is no line."""
