"""Scaling policies: put, described and deleted here, with the alarms that target tracking keeps in CloudWatch."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from agent.cloud.autoscaling.alarms import customized, predefined, tracking_alarms
from agent.cloud.autoscaling.answers import no_such, not_registered, page, place_members
from agent.cloud.autoscaling.records import ScalingPolicy
from agent.cloud.autoscaling.target_api import target_arn
from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.autoscaling.alarms import ScalingAlarms, Series
    from agent.cloud.autoscaling.records import ScalableTarget
    from agent.cloud.autoscaling.scaler import Scaler
    from agent.cloud.autoscaling.targets import ScalableTargets
    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members

_PREDEFINED = "SageMakerVariantInvocationsPerInstance"
_CONFIGURATION = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}


class PolicyApi:
    """PutScalingPolicy and its kin."""

    def __init__(self, platform: Platform, targets: ScalableTargets, scaler: Scaler, alarms: ScalingAlarms) -> None:
        self._platform = platform
        self._targets = targets
        self._scaler = scaler
        self._alarms = alarms

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        return {
            "PutScalingPolicy": Operation(run=self.put, resource=target_arn),
            "DescribeScalingPolicies": Operation(run=self.describe),
            "DeleteScalingPolicy": Operation(run=self.delete, resource=target_arn),
        }

    async def put(self, call: Call, request: Members) -> Members:
        """``PutScalingPolicy``; target tracking needs the caller's permission for the alarms that it makes."""
        target = self._target(call, request)
        known = self._find(call, request)
        kind = request.get("PolicyType") or (known.type if known else "StepScaling")
        configuration = _configuration(request, kind)
        arn = known.arn if known else _policy_arn(call, request)
        wanted = _tracking_alarms(configuration, target, arn) if kind == "TargetTrackingScaling" else []
        for alarm in wanted:
            call.require("cloudwatch:PutMetricAlarm", _alarm_arn(call, alarm["AlarmName"]))
        if known is not None:
            self._alarms.delete(call.account, call.region, known.alarms)
        made = [
            {"AlarmName": alarm["AlarmName"], "AlarmARN": self._alarms.put(call.account, call.region, alarm)}
            for alarm in wanted
        ]
        self._targets.policies.save(
            ScalingPolicy(
                account=call.account,
                region=call.region,
                name=_name(request),
                arn=arn,
                policy_name=request["PolicyName"],
                resource_id=target.name,
                type=kind,
                configuration=configuration,
                created=known.created if known else self._platform.clock.now(),
                alarms=tuple(alarm["AlarmName"] for alarm in made),
                scaled_out=known.scaled_out if known else None,
                scaled_in=known.scaled_in if known else None,
            )
        )
        self._scaler.watch()
        return {"PolicyARN": arn, "Alarms": made}

    async def describe(self, call: Call, request: Members) -> Members:
        """``DescribeScalingPolicies``."""
        names = request.get("PolicyNames")
        found = [
            self._described(call, policy)
            for policy in self._targets.policies.of(call.account, call.region)
            if (not names or policy.policy_name in names)
            and policy.resource_id == request.get("ResourceId", policy.resource_id)
            and request["ServiceNamespace"] == "sagemaker"
        ]
        return page(found, request, "ScalingPolicies")

    async def delete(self, call: Call, request: Members) -> Members:
        """``DeleteScalingPolicy``; the alarms of target tracking go with it."""
        policy = self._find(call, request)
        if policy is None:
            raise no_such("scaling policy", request["PolicyName"], request)
        for alarm in policy.alarms:
            call.require("cloudwatch:DeleteAlarms", _alarm_arn(call, alarm))
        self._alarms.delete(call.account, call.region, policy.alarms)
        self._targets.policies.delete(policy)
        return {}

    def _target(self, call: Call, request: Members) -> ScalableTarget:
        target = self._targets.records.get(call.account, call.region, request["ResourceId"])
        if target is None:
            raise not_registered(request)
        return target

    def _find(self, call: Call, request: Members) -> ScalingPolicy | None:
        return self._targets.policies.get(call.account, call.region, _name(request))

    def _described(self, call: Call, policy: ScalingPolicy) -> Members:
        return {
            "PolicyARN": policy.arn,
            "PolicyName": policy.policy_name,
            **place_members(policy.resource_id),
            "PolicyType": policy.type,
            _CONFIGURATION[policy.type]: policy.configuration,
            "Alarms": [{"AlarmName": name, "AlarmARN": _alarm_arn(call, name)} for name in policy.alarms],
            "CreationTime": policy.created,
        }


def _name(request: Members) -> str:
    return f"{request['ResourceId']} {request['PolicyName']}"


def _configuration(request: Members, kind: str) -> Members:
    """The configuration that belongs to the type of the policy, complete enough to act on."""
    member = _CONFIGURATION.get(kind)
    if member is None:
        raise validation_error(f"Scaling policies of type {kind} are not served by this embedded cloud.")
    for other in set(_CONFIGURATION.values()) - {member}:
        if other in request:
            raise validation_error(f"{other} cannot be used with a policy of type {kind}.")
    configuration: Members | None = request.get(member)
    if not configuration:
        raise validation_error(f"{member} is required for a policy of type {kind}.")
    if kind == "StepScaling" and not (configuration.get("AdjustmentType") and configuration.get("StepAdjustments")):
        raise validation_error("A step scaling policy needs AdjustmentType and at least one step adjustment.")
    return configuration


def _tracking_alarms(configuration: Members, target: ScalableTarget, arn: str) -> list[Mapping[str, Any]]:
    series = _series(configuration, target)
    return tracking_alarms(target.name, arn, series, float(configuration["TargetValue"]), str(uuid.uuid4()))


def _series(configuration: Members, target: ScalableTarget) -> Series:
    """The metric that a target tracking policy follows."""
    ready: Members = configuration.get("PredefinedMetricSpecification") or {}
    own: Members = configuration.get("CustomizedMetricSpecification") or {}
    if bool(ready) == bool(own):
        raise validation_error(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given."
        )
    if configuration["TargetValue"] <= 0:
        raise validation_error("TargetValue must be greater than 0.")
    if own:
        if "Metrics" in own or not {"MetricName", "Namespace", "Statistic"} <= set(own):
            raise validation_error(
                "CustomizedMetricSpecification needs MetricName, Namespace and Statistic; metric math is not served by "
                "this embedded cloud."
            )
        return customized(own)
    if ready["PredefinedMetricType"] != _PREDEFINED:
        raise validation_error(f"Only {_PREDEFINED} can be used for the service namespace sagemaker.")
    return predefined(target.endpoint, target.variant)


def _policy_arn(call: Call, request: Members) -> str:
    where = f"arn:aws:autoscaling:{call.region}:{call.account}:scalingPolicy:{uuid.uuid4()}"
    return f"{where}:resource/sagemaker/{request['ResourceId']}:policyName/{request['PolicyName']}"


def _alarm_arn(call: Call, name: str) -> str:
    return f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}"
