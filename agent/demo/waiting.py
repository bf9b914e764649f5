"""Waits for jobs and endpoints while telling how they get on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent.errors import CloudFailedError, UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.demo.progress import Chapter

_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 120


def trained(sagemaker: Any, name: str, chapter: Chapter) -> dict[str, Any]:
    """The description of a training job that has completed; raises UserCodeFailedError with its reason if not."""
    job = _ended(
        lambda: sagemaker.describe_training_job(TrainingJobName=name),
        lambda job: str(job["SecondaryStatus"]),
        lambda job: job["TrainingJobStatus"] not in {"InProgress", "Stopping"},
        chapter,
    )
    if job["TrainingJobStatus"] != "Completed":
        raise UserCodeFailedError(f"training job {name} is {job['TrainingJobStatus']}: {job.get('FailureReason')}")
    return job


def in_service(sagemaker: Any, name: str, chapter: Chapter) -> dict[str, Any]:
    """The description of an endpoint that is in service; raises CloudFailedError with its reason if it failed."""
    endpoint = _ended(
        lambda: sagemaker.describe_endpoint(EndpointName=name),
        lambda endpoint: str(endpoint["EndpointStatus"]),
        lambda endpoint: endpoint["EndpointStatus"] not in {"Creating", "Updating"},
        chapter,
    )
    if endpoint["EndpointStatus"] != "InService":
        reason = endpoint.get("FailureReason")
        raise CloudFailedError(f"endpoint {name} is {endpoint['EndpointStatus']}: {reason}")
    return endpoint


def _ended(
    describe: Callable[[], dict[str, Any]],
    state: Callable[[dict[str, Any]], str],
    over: Callable[[dict[str, Any]], bool],
    chapter: Chapter,
) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    told = ""
    while not over(described := describe()):
        if state(described) != told:
            told = state(described)
            chapter.doing(told)
        if time.monotonic() > deadline:
            raise CloudFailedError(f"still {told} after {_PATIENCE_SECONDS} s; the cloud's log may say why")
        time.sleep(_PAUSE_SECONDS)
    return described
