"""Scales variants: once a minute of the cloud's clock it looks at alarms and schedules, and does what they ask."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from agent.cloud.autoscaling import decisions, schedules
from agent.cloud.autoscaling.decisions import Breach, Wish
from agent.cloud.autoscaling.records import Activity, ScalableTarget, ScalingPolicy, ScheduledAction
from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.endpoint_records import Endpoint, EndpointStatus, Variant

if TYPE_CHECKING:
    import asyncio

    from agent.cloud.autoscaling.alarms import ScalingAlarms
    from agent.cloud.autoscaling.targets import ScalableTargets
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoints import Endpoints

_LOOK_SECONDS = 60.0


class Scaler:
    """Acts on every scalable target there is; while an endpoint is being updated, scaling waits, as on AWS."""

    def __init__(
        self, platform: Platform, targets: ScalableTargets, endpoints: Endpoints, alarms: ScalingAlarms
    ) -> None:
        self._platform = platform
        self._targets = targets
        self._endpoints = endpoints
        self._alarms = alarms
        self._watcher: asyncio.Task[None] | None = None
        self.activities = platform.store.collection("scaling-activity", Activity)

    def watch(self) -> None:
        """Look after targets from now on; ends by itself when nothing could ask for scaling any more."""
        if self._watcher is None or self._watcher.done():
            self._watcher = self._platform.spawn(self._watch(), "application auto scaling")

    def variant(self, account: str, region: str, resource_id: str) -> tuple[Endpoint, Variant]:
        """The variant that a resource id names; raises ``ValidationException`` when it is not live."""
        _, name, _, variant_name = resource_id.split("/")
        endpoint = self._endpoints.records.get(account, region, name)
        variant = endpoint.live.variant(variant_name) if endpoint and endpoint.live else None
        if endpoint is None or variant is None or variant.serverless is not None:
            raise validation_error(f"The resource {resource_id} does not exist, or cannot be scaled.")
        return endpoint, variant

    def hold_between_limits(self, target: ScalableTarget) -> None:
        """Bring the capacity between a target's limits if its endpoint can be scaled now."""
        _, variant = self.variant(target.account, target.region, target.name)
        self._scale(target, variant.desired_count, f"the limits of scalable target {target.name} changed")

    def finish_activities(self) -> None:
        """Call those activities successful whose capacity has been reached."""
        for activity in self.activities.every():
            if activity.status != "InProgress":
                continue
            endpoint = self._endpoints.records.get(
                activity.account, activity.region, activity.resource_id.split("/")[1]
            )
            if endpoint is None or endpoint.status in {EndpointStatus.UPDATING, EndpointStatus.ROLLING_BACK}:
                continue
            failed = endpoint.failure_reason
            message = failed or f"Successfully set {_what(activity)}. Change successfully fulfilled by sagemaker."
            change = {"status": "Failed" if failed else "Successful", "message": message, "ended": endpoint.modified}
            self.activities.save(activity.model_copy(update=change))

    async def _watch(self) -> None:
        while self._targets.policies.every() or self._targets.actions.every():
            await self._platform.clock.sleep(_LOOK_SECONDS)
            self.finish_activities()
            for action in self._targets.actions.every():
                self._follow(action)
            for target in self._targets.records.every():
                self._look_after(target)

    def _look_after(self, target: ScalableTarget) -> None:
        endpoint = self._endpoints.records.get(target.account, target.region, target.endpoint)
        variant = endpoint.live.variant(target.variant) if endpoint and endpoint.live else None
        if endpoint is None or variant is None or endpoint.status is not EndpointStatus.IN_SERVICE:
            return
        policies = self._targets.policies_of(target)
        current = variant.desired_count
        wishes = [wish for policy in policies for wish in self._wishes(policy, current)]
        wish = decisions.agreed(wishes, len(policies), current)
        if wish is None or not decisions.may_scale(target.suspended, out=wish.capacity > current):
            return
        policy = next(policy for policy in policies if policy.arn == wish.policy)
        cause = f"monitor alarm {wish.alarm} in state ALARM triggered policy {policy.policy_name}"
        if self._scale(target, wish.capacity, cause):
            direction = "scaled_out" if wish.capacity > current else "scaled_in"
            changed = policy.model_copy(update={direction: self._platform.clock.time()})
            self._targets.policies.save(changed)

    def _wishes(self, policy: ScalingPolicy, current: int) -> list[Wish]:
        """What a policy wants now; nothing while it cools down in that direction."""
        now, found = self._platform.clock.time(), []
        for breach in self._alarms.breaches(policy.account, policy.region, policy.arn):
            capacity = _wanted(policy, breach, current)
            out = capacity > current
            since = policy.scaled_out if out else policy.scaled_in
            if capacity != current and decisions.cooled(policy.configuration, out=out, since=since, now=now):
                found.append(Wish(policy=policy.arn, capacity=capacity, alarm=breach.alarm))
        return found

    def _follow(self, action: ScheduledAction) -> None:
        """Carry out a scheduled action that has become due since the last look."""
        now = self._platform.clock.time()
        target = self._targets.records.get(action.account, action.region, action.resource_id)
        after = max(action.done or 0.0, action.start or 0.0)
        until = min(now, action.end or now)
        created = action.start or action.created.timestamp()
        due = schedules.due(action.schedule, action.timezone, created=created, after=after, until=until)
        self._targets.actions.save(action.model_copy(update={"done": now}))
        if target is None or not due or target.suspended.scheduled:
            return
        limits = {
            "least": action.action.get("MinCapacity", target.least),
            "most": action.action.get("MaxCapacity", target.most),
        }
        target = self._targets.records.save(target.model_copy(update=limits))
        self.hold_between_limits(target)

    def _scale(self, target: ScalableTarget, capacity: int, cause: str) -> bool:
        """Set the desired count if that changes it and the endpoint can be changed; whether it did."""
        endpoint, variant = self.variant(target.account, target.region, target.name)
        wanted = decisions.within(capacity, target.least, target.most)
        if wanted == variant.desired_count or endpoint.status is not EndpointStatus.IN_SERVICE:
            return False
        self._endpoints.scale(endpoint, variant, wanted)
        self.activities.save(
            Activity(
                account=target.account,
                region=target.region,
                name=str(uuid.uuid4()),
                resource_id=target.name,
                description=f"Setting desired instance count to {wanted}.",
                cause=cause,
                started=self._platform.clock.now(),
                status="InProgress",
                message=f"Successfully set desired instance count to {wanted}. Waiting for change to be fulfilled by "
                "sagemaker.",
            )
        )
        return True


def _wanted(policy: ScalingPolicy, breach: Breach, current: int) -> int:
    decide = {"TargetTrackingScaling": decisions.tracked, "StepScaling": decisions.stepped}[policy.type]
    return decide(policy.configuration, breach, current)


def _what(activity: Activity) -> str:
    return activity.description.removeprefix("Setting ").removesuffix(".")
