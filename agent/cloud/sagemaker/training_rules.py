"""What AWS refuses in a training job beyond the shapes of the request: each rule is a function of the request alone.

Source: ``CreateTrainingJob`` and the pages of its members (``StoppingCondition``, ``ResourceConfig``, ``Channel``, …).
What AWS serves and this cloud does not is refused here too, with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.instances import training_hosts
from agent.cloud.sagemaker.request_rules import NOT_SERVED, check_s3_uri, refuse_duplicates
from agent.cloud.sagemaker.training_metrics import metric_definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Request = dict[str, Any]
_LONGEST_RUNTIME_SECONDS = 28 * 24 * 3600
DEFAULT_RUNTIME_SECONDS = 24 * 3600


def check_training(request: Request) -> None:
    """Raise ``ValidationException`` for the first rule that the request breaks."""
    for rule in _RULES:
        rule(request)


def _algorithm(request: Request) -> None:
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        raise validation_error(f"ServerlessJobConfig {NOT_SERVED}: give an AlgorithmSpecification.")
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        raise validation_error("You must specify exactly one of TrainingImage and AlgorithmName.")
    if "AlgorithmName" in algorithm:
        raise validation_error(f"AlgorithmName {NOT_SERVED}: give the TrainingImage of the algorithm.")
    try:
        metric_definitions(algorithm.get("MetricDefinitions"))
    except re.error as error:
        raise validation_error(f"Invalid metric definition: {error}.") from None
    refuse_duplicates("metric definition names", [d["Name"] for d in algorithm.get("MetricDefinitions") or []])
    if algorithm["TrainingInputMode"] == "Pipe":
        raise validation_error(f"TrainingInputMode Pipe {NOT_SERVED}: use File or FastFile.")


def _resources(request: Request) -> None:
    resources: Mapping[str, Any] | None = request.get("ResourceConfig")
    if resources is None:
        raise validation_error("ResourceConfig must be specified.")
    shapes = [bool(resources.get("InstanceGroups")), bool(resources.get("InstancePreferences"))]
    if any(shapes) and (all(shapes) or "InstanceType" in resources):
        raise validation_error("InstanceType, InstanceGroups and InstancePreferences exclude each other.")
    if resources.get("InstanceGroups"):
        if "InstanceCount" in resources:
            raise validation_error("InstanceCount cannot be specified together with InstanceGroups.")
        refuse_duplicates("instance group names", [g["InstanceGroupName"] for g in resources["InstanceGroups"]])
    elif not any(shapes) and ("InstanceType" not in resources or "InstanceCount" not in resources):
        raise validation_error("InstanceType and InstanceCount must be specified in ResourceConfig.")
    _preferences(resources)
    if not training_hosts(resources):
        raise validation_error("InstanceCount must be greater than or equal to 1.")


def _preferences(resources: Mapping[str, Any]) -> None:
    preferences: Sequence[Mapping[str, Any]] = resources.get("InstancePreferences") or []
    counted = [p for p in preferences if "InstanceCount" in p]
    consistent = not counted if "InstanceCount" in resources else len(counted) == len(preferences)
    if preferences and not consistent:
        raise validation_error("Specify InstanceCount either once in ResourceConfig or in every InstancePreference.")
    refuse_duplicates("instance types in InstancePreferences", [p["InstanceType"] for p in preferences])


def _stopping(request: Request) -> None:
    condition = request.get("StoppingCondition") or {}
    longest = condition.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_SECONDS)
    wait = condition.get("MaxWaitTimeInSeconds")
    if longest > _LONGEST_RUNTIME_SECONDS:
        raise validation_error(
            f"Invalid MaxRuntimeInSeconds. It must be less than or equal to {_LONGEST_RUNTIME_SECONDS}."
        )
    if request.get("EnableManagedSpotTraining"):
        if wait is None or wait < longest:
            raise validation_error(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
        if (request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds"):
            raise validation_error("KeepAlivePeriodInSeconds is not supported with managed spot training.")
    elif wait is not None:
        raise validation_error(
            "Invalid MaxWaitTimeInSeconds. It is allowed only when EnableManagedSpotTraining is true"
        )


def _channels(request: Request) -> None:
    channels: Sequence[Mapping[str, Any]] = request.get("InputDataConfig") or []
    refuse_duplicates("channel names", [channel["ChannelName"] for channel in channels])
    groups = {g["InstanceGroupName"] for g in (request.get("ResourceConfig") or {}).get("InstanceGroups") or []}
    for channel in channels:
        _channel(channel, groups)


def _channel(channel: Mapping[str, Any], groups: set[str]) -> None:
    name, source = channel["ChannelName"], channel["DataSource"]
    if "S3DataSource" not in source:
        raise validation_error(f"Channel {name}: {', '.join(source) or 'an empty DataSource'} {NOT_SERVED}: use S3.")
    if channel.get("InputMode") == "Pipe":
        raise validation_error(f"Channel {name}: InputMode Pipe {NOT_SERVED}: use File or FastFile.")
    if channel.get("RecordWrapperType") == "RecordIO":
        raise validation_error("RecordWrapperType RecordIO is only supported in Pipe mode.")
    if channel.get("CompressionType") == "Gzip":
        raise validation_error("CompressionType Gzip is only supported in Pipe mode.")
    data = source["S3DataSource"]
    check_s3_uri(data["S3Uri"], f"S3Uri of channel {name}")
    if data["S3DataType"] == "Converse":
        raise validation_error(f"Channel {name}: S3DataType Converse {NOT_SERVED}.")
    if data["S3DataType"] == "AugmentedManifestFile" and not data.get("AttributeNames"):
        raise validation_error("AttributeNames must be specified when S3DataType is AugmentedManifestFile.")
    unknown = set(data.get("InstanceGroupNames") or []) - groups
    if unknown:
        raise validation_error(f"Channel {name} names instance groups that do not exist: {', '.join(sorted(unknown))}.")


def _outputs(request: Request) -> None:
    check_s3_uri(request["OutputDataConfig"]["S3OutputPath"], "S3OutputPath")
    checkpoints = request.get("CheckpointConfig")
    if checkpoints is None:
        return
    check_s3_uri(checkpoints["S3Uri"], "S3Uri of CheckpointConfig")
    path = checkpoints.get("LocalPath", "/opt/ml/checkpoints")
    if not path.startswith("/") or any(path.rstrip("/").startswith(taken) for taken in _TAKEN_PATHS):
        raise validation_error(f"LocalPath {path} of CheckpointConfig is not an absolute path outside SageMaker's own.")


_TAKEN_PATHS = ("/opt/ml/input", "/opt/ml/model", "/opt/ml/output", "/opt/ml/code")


_RULES: tuple[Callable[[Request], None], ...] = (_algorithm, _resources, _stopping, _channels, _outputs)
