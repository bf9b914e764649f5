"""Scalable targets: registered, described, tagged and deregistered here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from agent.cloud.autoscaling.answers import not_registered, page, place_members
from agent.cloud.autoscaling.records import DIMENSION, ScalableTarget, Suspended
from agent.cloud.errors import AwsError, validation_error
from agent.cloud.sagemaker.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.autoscaling.scaler import Scaler
    from agent.cloud.autoscaling.targets import ScalableTargets
    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members

_SUSPENDED = {
    "DynamicScalingInSuspended": "scale_in",
    "DynamicScalingOutSuspended": "scale_out",
    "ScheduledScalingSuspended": "scheduled",
}
_MOST_TAGS = 50
_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"


class TargetApi:
    """RegisterScalableTarget and its kin."""

    def __init__(self, platform: Platform, targets: ScalableTargets, scaler: Scaler) -> None:
        self._platform = platform
        self._targets = targets
        self._scaler = scaler

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        return {
            "RegisterScalableTarget": Operation(run=self.register, resource=target_arn, conditions=_conditions),
            "DescribeScalableTargets": Operation(run=self.describe),
            "DeregisterScalableTarget": Operation(run=self.deregister, resource=target_arn),
            "TagResource": Operation(run=self.tag, resource=_tagged),
            "UntagResource": Operation(run=self.untag, resource=_tagged),
            "ListTagsForResource": Operation(run=self.list_tags, resource=_tagged),
        }

    async def register(self, call: Call, request: Members) -> Members:
        """``RegisterScalableTarget``; brings the capacity between the limits.

        The caller also needs SageMaker's permissions ("Identity-based policy examples" in the user guide).
        """
        variant_of(request)
        name = request["ResourceId"]
        known = self._targets.records.get(call.account, call.region, name)
        endpoint_arn = call.arn("endpoint", name.split("/")[1])
        for action in ("DescribeEndpoint", "UpdateEndpointWeightsAndCapacities"):
            call.require(f"sagemaker:{action}", endpoint_arn)
        if not any(self._targets.records.of(call.account, call.region)):
            call.require("iam:CreateServiceLinkedRole", _role(call), {"iam:AWSServiceName": _SERVICE})
        self._scaler.variant(call.account, call.region, name)
        least, most = _limits(request, known)
        if known and request.get("Tags"):
            raise validation_error(
                "The scalable target that you tried to tag already exists. To update tags on an existing scalable "
                "target, use the TagResource API."
            )
        target = ScalableTarget(
            account=call.account,
            region=call.region,
            name=name,
            arn=target_arn(call, request),
            least=least,
            most=most,
            created=known.created if known else self._platform.clock.now(),
            role_arn=_role(call),
            suspended=_suspended(request, known),
            tags=known.tags if known else request.get("Tags") or {},
        )
        self._targets.records.save(target)
        self._scaler.hold_between_limits(target)
        return {"ScalableTargetARN": target.arn}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeScalableTargets``."""
        wanted = request.get("ResourceIds")
        found = [
            target
            for target in self._targets.records.of(call.account, call.region)
            if (not wanted or target.name in wanted) and request["ServiceNamespace"] == "sagemaker"
        ]
        return page([_described(target) for target in found], request, "ScalableTargets")

    async def deregister(self, call: Call, request: Members) -> Members:
        """``DeregisterScalableTarget``; its policies and their alarms go with it."""
        target = self._targets.records.get(call.account, call.region, request["ResourceId"])
        if target is None:
            raise not_registered(request)
        self._targets.deregister(target)
        return {}

    async def tag(self, call: Call, request: Members) -> Members:
        """``TagResource``."""
        target = self._by_arn(call, request)
        tags = {**target.tags, **request["Tags"]}
        if len(tags) > _MOST_TAGS:
            raise AwsError("TooManyTagsException", f"A scalable target can have at most {_MOST_TAGS} tags.")
        self._targets.records.save(target.model_copy(update={"tags": tags}))
        return {}

    async def untag(self, call: Call, request: Members) -> Members:
        """``UntagResource``."""
        target = self._by_arn(call, request)
        tags = {key: value for key, value in target.tags.items() if key not in request["TagKeys"]}
        self._targets.records.save(target.model_copy(update={"tags": tags}))
        return {}

    async def list_tags(self, call: Call, request: Members) -> Members:
        """``ListTagsForResource``."""
        return {"Tags": self._by_arn(call, request).tags}

    def _by_arn(self, call: Call, request: Members) -> ScalableTarget:
        arn = request["ResourceARN"]
        for target in self._targets.records.of(call.account, call.region):
            if target.arn == arn:
                return target
        raise AwsError("ResourceNotFoundException", f"The scalable target {arn} does not exist.")


def _role(call: Call) -> str:
    """The role that AWS scales with, which the first target makes ("Service-linked roles" in the user guide)."""
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return f"arn:aws:iam::{call.account}:role/aws-service-role/{_SERVICE}/{name}"


def target_arn(call: Call, request: Members) -> str:
    """A target's ARN, which is known before it is registered, so that policies can name it."""
    what = f"{call.account} {call.region} {request.get('ResourceId')} {request.get('ScalableDimension')}"
    unique = hashlib.sha256(what.encode()).hexdigest()[:34]
    return f"arn:aws:application-autoscaling:{call.region}:{call.account}:scalable-target/{unique}"


def variant_of(request: Members) -> tuple[str, str]:
    """Endpoint and variant of a request's resource; refuses what is not a variant's instance count."""
    parts = request["ResourceId"].split("/")
    if request["ServiceNamespace"] != "sagemaker" or request["ScalableDimension"] != DIMENSION:
        raise validation_error(
            f"Only {DIMENSION} of the service namespace sagemaker is scaled by this embedded cloud, not "
            f"{request['ScalableDimension']} of {request['ServiceNamespace']}."
        )
    if len(parts) != 4 or parts[0] != "endpoint" or parts[2] != "variant":
        raise validation_error("Unsupported service namespace, resource type or scalable dimension.")
    return parts[1], parts[3]


def _limits(request: Members, known: ScalableTarget | None) -> tuple[int, int]:
    least = request.get("MinCapacity", known.least if known else None)
    most = request.get("MaxCapacity", known.most if known else None)
    if least is None or most is None:
        raise validation_error("MinCapacity and MaxCapacity are required when a scalable target is registered.")
    if least > most:
        raise validation_error("Maximum capacity cannot be less than minimum capacity.")
    if least < 1:
        raise validation_error("Minimum capacity cannot be less than 1 for sagemaker variants.")
    return int(least), int(most)


def _suspended(request: Members, known: ScalableTarget | None) -> Suspended:
    before = known.suspended if known else Suspended()
    asked = request.get("SuspendedState") or {}
    return before.model_copy(update={_SUSPENDED[member]: value for member, value in asked.items()})


def _described(target: ScalableTarget) -> Members:
    return {
        **place_members(target.name),
        "MinCapacity": target.least,
        "MaxCapacity": target.most,
        "RoleARN": target.role_arn,
        "CreationTime": target.created,
        "SuspendedState": {member: getattr(target.suspended, name) for member, name in _SUSPENDED.items()},
        "ScalableTargetARN": target.arn,
    }


def _tagged(_call: Call, request: Members) -> str:
    return str(request.get("ResourceARN", "*"))


def _conditions(request: Members) -> Mapping[str, Any]:
    """Condition keys of the service authorization reference."""
    tags = request.get("Tags") or {}
    found = {
        "application-autoscaling:service-namespace": request.get("ServiceNamespace"),
        "application-autoscaling:scalable-dimension": request.get("ScalableDimension"),
        "aws:TagKeys": list(tags) or None,
        **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
    }
    return {key: value for key, value in found.items() if value is not None}
