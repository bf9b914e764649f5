"""A training job's record and how it changes: pure functions from one state to the next, in AWS's words.

Source: ``DescribeTrainingJob`` and its ``SecondaryStatusTransition``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from agent.cloud.sagemaker.jobs import Job, JobStatus, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.sagemaker.operation import Members


class Secondary(StrEnum):
    """``SecondaryStatus``."""

    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    INTERRUPTED = "Interrupted"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
    MAX_WAIT_TIME_EXCEEDED = "MaxWaitTimeExceeded"


_MESSAGES: Mapping[Secondary, str] = {
    Secondary.STARTING: "Starting the training job",
    Secondary.DOWNLOADING: "Downloading input data",
    Secondary.TRAINING: "Training image download completed. Training in progress.",
    Secondary.INTERRUPTED: "Managed spot training interrupted",
    Secondary.UPLOADING: "Uploading generated training model",
    Secondary.STOPPING: "Stopping the training job",
    Secondary.COMPLETED: "Training job completed",
    Secondary.FAILED: "Training job failed",
    Secondary.STOPPED: "Training job stopped",
    Secondary.MAX_RUNTIME_EXCEEDED: "Training job runtime exceeded MaxRuntimeInSeconds provided",
    Secondary.MAX_WAIT_TIME_EXCEEDED: "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}
PREPARING = "Preparing the instances for training"
NO_CAPACITY = "Insufficient capacity error from EC2 while launching instances, retrying!"
REPLACING = "Launched instance was unhealthy, replacing it!"
_ENDS: Mapping[Secondary, JobStatus] = {
    Secondary.COMPLETED: JobStatus.COMPLETED,
    Secondary.FAILED: JobStatus.FAILED,
    Secondary.STOPPED: JobStatus.STOPPED,
    Secondary.MAX_RUNTIME_EXCEEDED: JobStatus.STOPPED,
    Secondary.MAX_WAIT_TIME_EXCEEDED: JobStatus.STOPPED,
}


class Transition(BaseModel):
    """One stay in a secondary status; ``end`` is open for the current one."""

    model_config = ConfigDict(frozen=True)

    status: Secondary
    start: datetime
    end: datetime | None = None
    message: str


class MetricValue(BaseModel):
    """The last value that a metric had."""

    model_config = ConfigDict(frozen=True)

    value: float
    time: datetime


class TuningOrigin(BaseModel):
    """The tuning job that launched a training job, with the hyperparameters that it chose."""

    model_config = ConfigDict(frozen=True)

    arn: str
    name: str
    definition: str | None
    tuned: dict[str, str]


class TrainingJob(Job):
    """A training job. ``used_seconds`` is the time its instances ran in attempts that are over."""

    secondary: Secondary = Secondary.STARTING
    transitions: tuple[Transition, ...] = ()
    metrics: dict[str, MetricValue] = {}
    attempt_started: datetime | None = None
    used_seconds: float = 0.0
    retries: int = 0
    artifacts: str | None = None
    tuning: TuningOrigin | None = None

    @property
    def spot(self) -> bool:
        """Whether the job runs on managed spot instances."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    @property
    def limit(self) -> Members:
        """The request's ``StoppingCondition``."""
        condition: Members = self.request.get("StoppingCondition") or {}
        return condition


def moved(job: TrainingJob, status: Secondary, now: datetime, message: str | None = None) -> Members:
    """The record's members after the job has entered a secondary status, or its message there has changed."""
    text = message or _MESSAGES[status]
    history = job.transitions
    if history and history[-1].status is status:
        return {"transitions": (*history[:-1], history[-1].model_copy(update={"message": text}))}
    closed = tuple(t if t.end else t.model_copy(update={"end": now}) for t in history)
    return {"secondary": status, "transitions": (*closed, Transition(status=status, start=now, message=text))}


def ended(job: TrainingJob, status: Secondary, now: datetime, failure: str | None = None) -> Members:
    """The record's members after the job has come to its end."""
    changes = moved(job, status, now)
    last = changes["transitions"][-1].model_copy(update={"end": now})
    return {
        **changes,
        **attempt_over(job, now),
        "transitions": (*changes["transitions"][:-1], last),
        "status": _ENDS[status],
        "ended": now,
        "failure": shortened(failure) if failure else None,
    }


def attempt_begun(job: TrainingJob, now: datetime) -> Members:
    """The record's members once instances run; the first time they do is the job's start."""
    return {"attempt_started": now, "started": job.started or now}


def attempt_over(job: TrainingJob, now: datetime) -> Members:
    """The record's members once the instances of an attempt are gone; their time is billed."""
    if job.attempt_started is None:
        return {}
    running = (now - job.attempt_started).total_seconds()
    return {"attempt_started": None, "used_seconds": job.used_seconds + running}


def described(job: TrainingJob) -> Members:
    """The members of ``DescribeTrainingJob``'s answer that are not the request's."""
    return {
        "TrainingJobArn": job.arn,
        "TuningJobArn": job.tuning.arn if job.tuning else None,
        "ModelArtifacts": {"S3ModelArtifacts": job.artifacts} if job.artifacts else None,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary,
        "FailureReason": job.failure,
        "CreationTime": job.created,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended if job.started else None,
        "LastModifiedTime": job.modified,
        "SecondaryStatusTransitions": [
            {"Status": t.status, "StartTime": t.start, "EndTime": t.end, "StatusMessage": t.message}
            for t in job.transitions
        ],
        "FinalMetricDataList": [
            {"MetricName": name, "Value": metric.value, "Timestamp": metric.time}
            for name, metric in job.metrics.items()
        ]
        or None,
        **_times(job),
    }


def _times(job: TrainingJob) -> Members:
    """Whole seconds of training and of billing; spot jobs are not billed between their attempts."""
    if job.started is None or job.ended is None:
        return {}
    total = (job.ended - job.started).total_seconds()
    billable = job.used_seconds if job.spot else total
    return {"TrainingTimeInSeconds": max(1, round(total)), "BillableTimeInSeconds": max(1, round(billable))}
