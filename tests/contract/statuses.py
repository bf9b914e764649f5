"""Which status may follow which, and which secondary status belongs to which status, as AWS documents it.

Sources: ``DescribeTrainingJob`` (TrainingJobStatus, SecondaryStatus), ``DescribeEndpoint`` (EndpointStatus) in the
SageMaker API reference. That a job which stops uploads before it is Stopped is not in the table there, but in the
histories that AWS answers (https://github.com/aws/sagemaker-python-sdk/issues/3062 shows one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

JOB: Mapping[str, frozenset[str]] = {
    "InProgress": frozenset({"Stopping", "Completed", "Failed", "Stopped"}),
    "Stopping": frozenset({"Stopped", "Completed", "Failed"}),
    "Completed": frozenset(),
    "Failed": frozenset(),
    "Stopped": frozenset(),
}
"""A job that exceeds its MaxRuntimeInSeconds becomes Stopped without having been asked to stop."""

SECONDARY: Mapping[str, frozenset[str]] = {
    "InProgress": frozenset(
        {"Starting", "Pending", "Downloading", "Training", "Interrupted", "Uploading", "Restarting"}
    ),
    "Stopping": frozenset({"Stopping", "Uploading"}),
    "Completed": frozenset({"Completed"}),
    "Failed": frozenset({"Failed"}),
    "Stopped": frozenset({"MaxRuntimeExceeded", "MaxWaitTimeExceeded", "Stopped"}),
}

GONE = "(gone)"
ENDPOINT: Mapping[str, frozenset[str]] = {
    "Creating": frozenset({"InService", "Failed"}),
    "InService": frozenset({"Updating", "SystemUpdating", "Deleting"}),
    "Updating": frozenset({"InService", "RollingBack", "Failed"}),
    "SystemUpdating": frozenset({"InService"}),
    "RollingBack": frozenset({"InService", "UpdateRollbackFailed"}),
    "UpdateRollbackFailed": frozenset({"Updating", "Deleting"}),
    "Failed": frozenset({"Deleting"}),
    "OutOfService": frozenset({"Updating", "Deleting"}),
    "Deleting": frozenset({GONE}),
    GONE: frozenset(),
}


def reachable(table: Mapping[str, frozenset[str]], start: str) -> frozenset[str]:
    """Every status that may be seen after ``start`` was seen, however many were missed in between."""
    found = {start}
    while more := {after for status in found for after in table[status]} - found:
        found |= more
    return frozenset(found)
