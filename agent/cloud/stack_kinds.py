"""Which operations make, change and delete each of our resource types, and what a CloudFormation stack sees of it.

Source: CloudFormation template reference, ``AWS::SageMaker::*`` and ``AWS::ApplicationAutoScaling::*``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Members = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How a description tells that a resource is ready: its status ``member`` is ``good``, and it is as ``asked``."""

    member: str
    under_way: frozenset[str]
    good: str
    asked: str


@dataclass(frozen=True, kw_only=True)
class PolicyProperty:
    """A property that holds a resource policy, which operations of its own put and delete."""

    name: str
    member: str
    put: str
    delete: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type: its operations, and what a stack sees of it.

    ``identify`` gives the members that name a resource, from its physical id and its properties. ``replacing`` are the
    properties whose change makes a new resource. ``attributes`` are those of ``Fn::GetAtt``, each with the member of
    the description that holds it (``""``: the physical id).
    """

    service: str
    create: str
    delete: str
    describe: str
    identify: Callable[[str, Members], Members]
    name: str | None
    physical_id: Callable[[Members, Members], str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    replacing: tuple[str, ...] = ()
    update: str | None = None
    progress: Progress | None = None
    policy: PolicyProperty | None = None


def _of_arn(member: str) -> Callable[[str, Members], Members]:
    """The name of a SageMaker resource; its ARN has it in lower case, so a name of the template's comes first."""
    return lambda physical_id, properties: {member: properties.get(member) or physical_id.rpartition("/")[2]}


def _answer(member: str) -> Callable[[Members, Members], str]:
    return lambda answer, _properties: str(answer[member])


def _target(physical_id: str, properties: Members) -> Members:
    """A scalable target has three names and no other."""
    values = physical_id.split("|") if physical_id else [properties.get(name) for name in _TARGET]
    return {name: value for name, value in zip(_TARGET, values, strict=True) if value is not None}


def _target_id(_answer: Members, properties: Members) -> str:
    return "|".join(properties[name] for name in _TARGET)


def _policy(_physical_id: str, properties: Members) -> Members:
    """A policy names its target by three members or by the target's physical id."""
    return {"PolicyName": properties.get("PolicyName"), **_target(properties.get("ScalingTargetId", ""), properties)}


_TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")
_SAGEMAKER = "sagemaker"
_SCALING = "application-autoscaling"
_ENDPOINT_UNDER_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_MODEL_PROPERTIES = (
    "Containers",
    "EnableNetworkIsolation",
    "ExecutionRoleArn",
    "InferenceExecutionConfig",
    "ModelName",
    "PrimaryContainer",
    "VpcConfig",
)
_CONFIG_PROPERTIES = (
    "AsyncInferenceConfig",
    "DataCaptureConfig",
    "EnableNetworkIsolation",
    "EndpointConfigName",
    "ExecutionRoleArn",
    "ExplainerConfig",
    "KmsKeyId",
    "ProductionVariants",
    "ShadowProductionVariants",
    "VpcConfig",
)

KINDS: Mapping[str, Kind] = {
    "AWS::SageMaker::Model": Kind(
        service=_SAGEMAKER,
        create="CreateModel",
        delete="DeleteModel",
        describe="DescribeModel",
        identify=_of_arn("ModelName"),
        name="ModelName",
        physical_id=_answer("ModelArn"),
        attributes={"ModelName": "ModelName"},
        replacing=_MODEL_PROPERTIES,
    ),
    "AWS::SageMaker::EndpointConfig": Kind(
        service=_SAGEMAKER,
        create="CreateEndpointConfig",
        delete="DeleteEndpointConfig",
        describe="DescribeEndpointConfig",
        identify=_of_arn("EndpointConfigName"),
        name="EndpointConfigName",
        physical_id=_answer("EndpointConfigArn"),
        attributes={"EndpointConfigName": "EndpointConfigName"},
        replacing=_CONFIG_PROPERTIES,
    ),
    "AWS::SageMaker::Endpoint": Kind(
        service=_SAGEMAKER,
        create="CreateEndpoint",
        update="UpdateEndpoint",
        delete="DeleteEndpoint",
        describe="DescribeEndpoint",
        identify=_of_arn("EndpointName"),
        name="EndpointName",
        physical_id=_answer("EndpointArn"),
        attributes={"EndpointName": "EndpointName"},
        replacing=("EndpointName",),
        progress=Progress(
            member="EndpointStatus", under_way=_ENDPOINT_UNDER_WAY, good="InService", asked="EndpointConfigName"
        ),
    ),
    "AWS::SageMaker::ModelPackageGroup": Kind(
        service=_SAGEMAKER,
        create="CreateModelPackageGroup",
        delete="DeleteModelPackageGroup",
        describe="DescribeModelPackageGroup",
        identify=_of_arn("ModelPackageGroupName"),
        name="ModelPackageGroupName",
        physical_id=_answer("ModelPackageGroupArn"),
        attributes={
            "CreationTime": "CreationTime",
            "ModelPackageGroupArn": "ModelPackageGroupArn",
            "ModelPackageGroupStatus": "ModelPackageGroupStatus",
        },
        replacing=("ModelPackageGroupName", "ModelPackageGroupDescription"),
        policy=PolicyProperty(
            name="ModelPackageGroupPolicy",
            member="ResourcePolicy",
            put="PutModelPackageGroupPolicy",
            delete="DeleteModelPackageGroupPolicy",
        ),
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": Kind(
        service=_SCALING,
        create="RegisterScalableTarget",
        update="RegisterScalableTarget",
        delete="DeregisterScalableTarget",
        describe="DescribeScalableTargets",
        identify=_target,
        name=None,
        physical_id=_target_id,
        replacing=("ResourceId", "ScalableDimension", "ServiceNamespace"),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Kind(
        service=_SCALING,
        create="PutScalingPolicy",
        update="PutScalingPolicy",
        delete="DeleteScalingPolicy",
        describe="DescribeScalingPolicies",
        identify=_policy,
        name=None,
        physical_id=_answer("PolicyARN"),
        attributes={"Arn": ""},
        replacing=("PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"),
    ),
}
