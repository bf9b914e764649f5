"""SageMaker's training, processing and transform jobs with their logs in CloudWatch, as one identity may see them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.job_log import read_streams
from agent.aws.refusals import code, refusals
from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError
from agent.ports.jobs import JobKind, JobState, JobStatus, LogPage, NoCapacityError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients
    from agent.errors import ModelyardError

_ABSENT = re.compile(r"not found|could not find", re.IGNORECASE)
_OUT_OF_QUOTA = frozenset({"ResourceLimitExceeded", "CapacityError", "InsufficientCapacityException"})
_QUOTA = re.compile(r"is (\d+) .*request delta of (\d+)")
_REFUSED_ORDERS: Mapping[str, type[ModelyardError]] = {
    "Could not assume role": AccessDeniedError,
    "No S3 objects found": InputMissingError,
}
"""What ValidationException is about, when CreateTrainingJob has looked at the role and the channels."""


class SageMakerJobs:
    """An :class:`agent.ports.jobs.Jobs` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def describe(self, kind: JobKind, name: str) -> JobState | None:
        """``DescribeTrainingJob``, ``DescribeProcessingJob``, ``DescribeTransformJob``."""
        with self._refusals(f"sagemaker:Describe{kind.noun}", name):
            try:
                answer = self._call("describe", kind, {f"{kind.noun}Name": name})
            except ClientError as error:
                if _is_absent(error):
                    return None
                raise
        return _STATES[kind](answer)

    def create(self, kind: JobKind, request: Mapping[str, Any]) -> bool:
        """``CreateTrainingJob``, ``CreateProcessingJob``, ``CreateTransformJob``."""
        action, name = f"sagemaker:Create{kind.noun}", request[f"{kind.noun}Name"]
        with self._refusals(action, name):
            try:
                self._call("create", kind, request)
            except ClientError as error:
                if code(error) == "ResourceInUse":
                    return False
                if (refused := _refused_order(error)) is not None:
                    raise refused(f"{self._where(action, name)}: {_told(error)}") from error
                raise
        return True

    def stop(self, kind: JobKind, name: str) -> None:
        """``StopTrainingJob``, ``StopProcessingJob``, ``StopTransformJob``; AWS refuses it for a job that has ended."""
        with self._refusals(f"sagemaker:Stop{kind.noun}", name):
            try:
                self._call("stop", kind, {f"{kind.noun}Name": name})
            except ClientError:
                state = self.describe(kind, name)
                if state is None or not (state.over or state.status is JobStatus.STOPPING):
                    raise

    def log(self, kind: JobKind, name: str, position: Mapping[str, str]) -> LogPage:
        """``DescribeLogStreams`` and ``GetLogEvents`` of the job's streams, which are named ``JOB/HOST-…``."""
        group = f"/aws/sagemaker/{kind.noun}s"
        with self._refusals("logs:GetLogEvents", f"{group}, streams {name}/"):
            return read_streams(self._clients.client("logs"), group, f"{name}/", position)

    def _call(self, verb: str, kind: JobKind, members: Mapping[str, Any]) -> Any:
        return getattr(self._clients.client("sagemaker"), f"{verb}_{kind}_job")(**members)

    def _refusals(self, action: str, resource: str) -> AbstractContextManager[None]:
        return refusals(action, resource, account=self._account, region=self._clients.region)

    def _where(self, action: str, name: str) -> str:
        return f"{action} on {name} in account {self._account}, {self._clients.region}"


def _training_state(answer: Mapping[str, Any]) -> JobState:
    return JobState(
        name=answer["TrainingJobName"],
        arn=answer["TrainingJobArn"],
        status=JobStatus(answer["TrainingJobStatus"]),
        phase=answer.get("SecondaryStatus", ""),
        failure_reason=answer.get("FailureReason", ""),
        model_artifacts=(answer.get("ModelArtifacts") or {}).get("S3ModelArtifacts"),
        metrics={
            metric["MetricName"]: float(metric["Value"])
            for metric in answer.get("FinalMetricDataList") or ()
            if math.isfinite(metric["Value"])
        },
        started=answer.get("TrainingStartTime"),
        ended=answer.get("TrainingEndTime"),
        max_runtime=(answer.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        billable_seconds=answer.get("BillableTimeInSeconds"),
    )


def _processing_state(answer: Mapping[str, Any]) -> JobState:
    return JobState(
        name=answer["ProcessingJobName"],
        arn=answer["ProcessingJobArn"],
        status=JobStatus(answer["ProcessingJobStatus"]),
        failure_reason=answer.get("FailureReason", ""),
        exit_message=answer.get("ExitMessage", ""),
        started=answer.get("ProcessingStartTime"),
        ended=answer.get("ProcessingEndTime"),
        max_runtime=(answer.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
    )


def _transform_state(answer: Mapping[str, Any]) -> JobState:
    return JobState(
        name=answer["TransformJobName"],
        arn=answer["TransformJobArn"],
        status=JobStatus(answer["TransformJobStatus"]),
        failure_reason=answer.get("FailureReason", ""),
        started=answer.get("TransformStartTime"),
        ended=answer.get("TransformEndTime"),
    )


_STATES = {
    JobKind.TRAINING: _training_state,
    JobKind.PROCESSING: _processing_state,
    JobKind.TRANSFORM: _transform_state,
}


def _is_absent(error: ClientError) -> bool:
    """AWS answers ValidationException for a job that does not exist, not the documented ResourceNotFound."""
    if code(error) == "ResourceNotFound":
        return True
    return code(error) == "ValidationException" and _ABSENT.search(_told(error)) is not None


def _refused_order(error: ClientError) -> type[ModelyardError] | None:
    """The class of a refusal that only jobs know; None leaves it to the table of all services."""
    if code(error) in _OUT_OF_QUOTA:
        return CloudFailedError if never_fits(_told(error)) else NoCapacityError
    return next((kind for words, kind in _REFUSED_ORDERS.items() if words in _told(error)), None)


def never_fits(message: str) -> bool:
    """Whether ResourceLimitExceeded speaks of a quota that is smaller than the request, so that no waiting helps."""
    quota = _QUOTA.search(message)
    return quota is not None and int(quota[1]) < int(quota[2])


def _told(error: ClientError) -> str:
    return f"{code(error)}: {error.response.get('Error', {}).get('Message', '')}"
