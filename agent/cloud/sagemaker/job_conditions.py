"""The condition keys that policies may ask of requests that create jobs, such as ``sagemaker:InstanceTypes``.

Source: Service Authorization Reference, "Condition keys for Amazon SageMaker". They are read before the request is
validated, so every member may be missing or of the wrong type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.sagemaker.operation import request_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.sagemaker.operation import Members

Paths = tuple[tuple[str, ...], ...]

_KEYS: Mapping[str, Paths] = {
    "sagemaker:InstanceTypes": (
        ("ResourceConfig", "InstanceType"),
        ("ResourceConfig", "InstanceGroups", "InstanceType"),
        ("ResourceConfig", "InstancePreferences", "InstanceType"),
        ("ProcessingResources", "ClusterConfig", "InstanceType"),
        ("TransformResources", "InstanceType"),
        ("TrainingJobDefinition", "ResourceConfig", "InstanceType"),
        ("TrainingJobDefinitions", "ResourceConfig", "InstanceType"),
    ),
    "sagemaker:VpcSubnets": (
        ("VpcConfig", "Subnets"),
        ("NetworkConfig", "VpcConfig", "Subnets"),
        ("TrainingJobDefinition", "VpcConfig", "Subnets"),
    ),
    "sagemaker:VpcSecurityGroupIds": (
        ("VpcConfig", "SecurityGroupIds"),
        ("NetworkConfig", "VpcConfig", "SecurityGroupIds"),
        ("TrainingJobDefinition", "VpcConfig", "SecurityGroupIds"),
    ),
    "sagemaker:VolumeKmsKey": (
        ("ResourceConfig", "VolumeKmsKeyId"),
        ("ProcessingResources", "ClusterConfig", "VolumeKmsKeyId"),
        ("TransformResources", "VolumeKmsKeyId"),
        ("TrainingJobDefinition", "ResourceConfig", "VolumeKmsKeyId"),
    ),
    "sagemaker:OutputKmsKey": (
        ("OutputDataConfig", "KmsKeyId"),
        ("ProcessingOutputConfig", "KmsKeyId"),
        ("TransformOutput", "KmsKeyId"),
        ("TrainingJobDefinition", "OutputDataConfig", "KmsKeyId"),
    ),
    "sagemaker:MaxRuntimeInSeconds": (
        ("StoppingCondition", "MaxRuntimeInSeconds"),
        ("TrainingJobDefinition", "StoppingCondition", "MaxRuntimeInSeconds"),
    ),
    "sagemaker:NetworkIsolation": (
        ("EnableNetworkIsolation",),
        ("NetworkConfig", "EnableNetworkIsolation"),
        ("TrainingJobDefinition", "EnableNetworkIsolation"),
    ),
    "sagemaker:InterContainerTrafficEncryption": (
        ("EnableInterContainerTrafficEncryption",),
        ("NetworkConfig", "EnableInterContainerTrafficEncryption"),
        ("TrainingJobDefinition", "EnableInterContainerTrafficEncryption"),
    ),
}
_MANY = frozenset({"sagemaker:InstanceTypes", "sagemaker:VpcSubnets", "sagemaker:VpcSecurityGroupIds"})


def job_conditions(request: Members) -> Mapping[str, Any]:
    """The condition keys of a request that creates a job; absent members have none."""
    conditions: dict[str, Any] = dict(request_tags(request))
    for key, paths in _KEYS.items():
        values = [_text(value) for path in paths for value in _at(request, path)]
        if values:
            conditions[key] = values if key in _MANY else values[0]
    return conditions


def _at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """Every value that ``path`` leads to; lists on the way are gone through."""
    if isinstance(value, list):
        return [found for item in value for found in _at(item, path)]
    if not path:
        return [value] if isinstance(value, (str, int)) else []
    return _at(value.get(path[0]), path[1:]) if isinstance(value, dict) else []


def _text(value: str | int) -> str:
    """A value as policies write it: booleans in small letters."""
    return str(value).lower() if isinstance(value, bool) else str(value)
