"""The scalable targets of every account, as both Auto Scaling and endpoints need to know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.autoscaling.records import ScalableTarget, ScalingPolicy, ScheduledAction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.cloud.autoscaling.alarms import ScalingAlarms
    from agent.cloud.platform import Platform


class ScalableTargets:
    """Targets with what hangs on them: policies and scheduled actions go when their target goes."""

    def __init__(self, platform: Platform, alarms: ScalingAlarms) -> None:
        self._alarms = alarms
        self.records = platform.store.collection("scalable-target", ScalableTarget)
        self.policies = platform.store.collection("scaling-policy", ScalingPolicy)
        self.actions = platform.store.collection("scheduled-action", ScheduledAction)

    def scaled(self, account: str, region: str, endpoint: str) -> Iterable[str]:
        """The names of an endpoint's variants that are registered."""
        return [target.variant for target in self.records.of(account, region) if target.endpoint == endpoint]

    def release(self, account: str, region: str, endpoint: str) -> None:
        """Deregister every variant of a deleted endpoint."""
        for target in self.records.of(account, region):
            if target.endpoint == endpoint:
                self.deregister(target)

    def deregister(self, target: ScalableTarget) -> None:
        """Forget a target, its policies with their alarms, and its scheduled actions."""
        for policy in self.policies_of(target):
            self._alarms.delete(target.account, target.region, policy.alarms)
            self.policies.delete(policy)
        for action in self.actions.of(target.account, target.region):
            if action.resource_id == target.name:
                self.actions.delete(action)
        self.records.delete(target)

    def policies_of(self, target: ScalableTarget) -> list[ScalingPolicy]:
        """The policies of a target."""
        policies = self.policies.of(target.account, target.region)
        return [policy for policy in policies if policy.resource_id == target.name]
