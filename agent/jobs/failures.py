"""Why a job did not complete, in words that help: the cause by its name, whose fault it is, and what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    InputMissingError,
    ModelyardError,
    TemporaryError,
    UsageError,
    UserCodeFailedError,
)
from agent.ports.jobs import JobState, JobStatus, NoCapacityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OVER_TIME = "MaxRuntimeExceeded"
"""The secondary status of a training job that used up its time (DescribeTrainingJob)."""
_CHECK_ROLE = "grant it to the execution role (`modelyard bootstrap apply` keeps its policies)"
_MORE_MEMORY = "choose a larger `instance_type`, or read less at a time"
_MEND = "mend the program, then run again"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What ends a job: whose failure it is, its name, and what to do next."""

    error: type[ModelyardError]
    title: str
    advice: str


_BY_REASON: Mapping[str, Cause] = {
    (
        r"^AlgorithmError\b.*(OutOfMemory|MemoryError|CUDA out of memory|std::bad_alloc)"
        r"|^ClientError: Please use an instance type with more memory"
    ): Cause(
        error=UserCodeFailedError,
        title="it ran out of memory",
        advice=_MORE_MEMORY,
    ),
    r"^AlgorithmError\b.*No space left on device": Cause(
        error=UserCodeFailedError,
        title="it ran out of disk",
        advice="raise `volume_gb`, or write less",
    ),
    r"^AlgorithmError\b.*exit code: 137\b": Cause(
        error=UserCodeFailedError,
        title="it was killed (exit code 137), most often because it ran out of memory",
        advice=_MORE_MEMORY,
    ),
    r"^AlgorithmError\b.*CannotStartContainerError": Cause(
        error=UserCodeFailedError,
        title="its container could not be started",
        advice="look whether the image has an executable `train` (or `python3`, for scripts) on its PATH",
    ),
    r"^AlgorithmError\b": Cause(error=UserCodeFailedError, title="its program failed", advice=_MEND),
    r"^ClientError: See job logs": Cause(
        error=UserCodeFailedError,
        title="its model refused a row",
        advice="the log says which and why: mend the rows, or what serves the model",
    ),
    r"^CapacityError\b|Insufficient ?Capacity": Cause(
        error=NoCapacityError,
        title="AWS has no such machines free",
        advice="run again later, or choose another `instance_type`",
    ),
    r"^ResourceLimitExceeded\b": Cause(
        error=NoCapacityError,
        title="the account's quota is in use",
        advice="run again when other jobs have ended, or ask AWS for a higher quota",
    ),
    r"^InternalServerError\b": Cause(
        error=TemporaryError,
        title="SageMaker failed for a reason of its own",
        advice="run again: that starts another attempt",
    ),
    (
        r"AccessDenied|[Aa]ccess [Dd]enied|not authorized|does not have \w+ permission|\(403\)|Forbidden"
        r"|Could not assume role"
    ): Cause(
        error=AccessDeniedError,
        title="its role lacks a permission",
        advice=_CHECK_ROLE,
    ),
    r"Unsupported manifest media type": Cause(
        error=UsageError,
        title="SageMaker takes no image of that kind",
        advice="build one image rather than an index of several (`docker build --provenance=false`, one platform)",
    ),
    r"Requested image .* not found|repository of your image .* does not exist": Cause(
        error=InputMissingError,
        title="its image is not there",
        advice="run the step `build_image`",
    ),
    r"No S3 objects found|NoSuchKey|NoSuchBucket|\(404\)|Manifest file .* is not valid": Cause(
        error=InputMissingError,
        title="its input is not there",
        advice="run the step `snapshot_data`; if objects were deleted, restore them from the bucket's older versions",
    ),
    r"SlowDown|\(50[03]\)|[Tt]hrottl": Cause(
        error=TemporaryError,
        title="S3 was too busy",
        advice="run again: that starts another attempt",
    ),
}
"""By regular expression over AWS's words, the first that is found; those of user programs follow ``AlgorithmError``."""
_UNKNOWN = Cause(error=CloudFailedError, title="AWS gave it up", advice="its reason says what to change")
_TIME_LIMIT = Cause(
    error=UserCodeFailedError, title="it ran longer than it may", advice="raise `max_runtime`, or do less"
)
_NO_SPARE_CAPACITY = Cause(
    error=TemporaryError,
    title="spare capacity did not suffice within `max_wait`",
    advice="run again, which goes on from the last checkpoint, raise `spot.max_wait`, or do without `spot`",
)
_BY_REQUEST = Cause(
    error=CloudFailedError,
    title="somebody stopped it",
    advice="find out who (CloudTrail: StopTrainingJob, StopProcessingJob, StopTransformJob), then run again: that "
    "starts another attempt",
)


def cause_of(job: JobState, lines: Sequence[str]) -> Cause:
    """Why a job failed or was stopped; ``lines`` are the last of its log."""
    if job.status is JobStatus.STOPPED:
        return _why_stopped(job)
    # A processing job's reason only points to the log, where Python names the error in the last line.
    last_line = lines[-1] if lines and job.failure_reason.startswith("AlgorithmError") else ""
    text = f"{job.failure_reason}\n{job.exit_message}\n{last_line}"
    return next((cause for pattern, cause in _BY_REASON.items() if re.search(pattern, text, re.DOTALL)), _UNKNOWN)


def program_matters(job: JobState) -> bool:
    """Whether the last words of its program may tell why it ended so: AWS's own reasons are whole without them."""
    return cause_of(job, ()).error in {UserCodeFailedError, CloudFailedError}


def _why_stopped(job: JobState) -> Cause:
    """Processing jobs do not say why they were stopped: one that used its whole time was stopped for that."""
    if job.phase == "MaxWaitTimeExceeded":
        return _NO_SPARE_CAPACITY
    if job.phase == OVER_TIME or (not job.phase and _used_its_time(job)):
        return _TIME_LIMIT
    return _BY_REQUEST


def _used_its_time(job: JobState) -> bool:
    if job.max_runtime is None or job.started is None or job.ended is None:
        return False
    return (job.ended - job.started).total_seconds() >= job.max_runtime


def explain(job: JobState, what: str, *, account: str, region: str, lines: Sequence[str]) -> ModelyardError:
    """The error that a job's end means; ``what`` names its kind, such as ``training job``."""
    cause = cause_of(job, lines)
    title = f"{cause.title} ({job.max_runtime} s)" if cause is _TIME_LIMIT else cause.title
    ending = "was stopped" if job.status is JobStatus.STOPPED else "failed"
    parts = [
        f"the {what} {job.name} in account {account}, {region}, {ending}: {title}",
        *_quoted("its reason", job.failure_reason),
        *_quoted("its message", job.exit_message),
        *_quoted("the end of its log", "\n".join(lines)),
        f"what to do: {cause.advice}",
    ]
    return cause.error("\n".join(parts))


def _quoted(title: str, text: str) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in text.splitlines())] if text else []
