"""How an endpoint moves from one configuration to the next: decided here, on values alone, step by step.

Source: "Deployment guardrails for updating models in production" in the SageMaker developer guide, and the API
reference's DeploymentConfig, BlueGreenUpdatePolicy, RollingUpdatePolicy and AutoRollbackConfig.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_SECONDS = 28_800.0


class DeploymentPlan(BaseModel):
    """What will happen: ``shares`` of the traffic that the new fleet has after each shift, the last of them 1.

    ``wait`` seconds of baking follow each shift, and ``termination_wait`` the last baking; the old fleet stands by
    until then. Any of ``alarms`` in ALARM until then, or ``timeout`` seconds in all, take everything back.
    """

    model_config = ConfigDict(frozen=True)

    shares: tuple[float, ...] = (1.0,)
    wait: float = 0.0
    termination_wait: float = 0.0
    timeout: float = _TIMEOUT_SECONDS
    alarms: tuple[str, ...] = ()
    rolling: bool = False


class Stage(StrEnum):
    """Where a deployment stands; the last two are ends."""

    PROVISIONING = "provisioning"
    BAKING = "baking"
    TERMINATING = "terminating"
    ROLLING_BACK = "rolling-back"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled-back"


class Progress(BaseModel):
    """A deployment's state: in ``stage`` since a moment, with ``step`` shifts behind it (seconds since the epoch)."""

    model_config = ConfigDict(frozen=True)

    stage: Stage
    started: float
    since: float
    step: int = 0
    reason: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.stage in {Stage.COMPLETED, Stage.ROLLED_BACK}


class Sight(BaseModel):
    """What a deployment sees of the world at one moment."""

    model_config = ConfigDict(frozen=True)

    now: float
    healthy: bool = False
    failure: str = ""
    tripped: tuple[str, ...] = ()
    reverted: bool = False


def begin(now: float) -> Progress:
    """A deployment that has just been asked for."""
    return Progress(stage=Stage.PROVISIONING, started=now, since=now)


def share(plan: DeploymentPlan, progress: Progress) -> float:
    """The part of the traffic, 0 to 1, that goes to the new fleet."""
    if progress.stage in {Stage.TERMINATING, Stage.COMPLETED}:
        return 1.0
    return plan.shares[progress.step - 1] if progress.stage is Stage.BAKING else 0.0


def due(plan: DeploymentPlan, progress: Progress) -> float:
    """The next moment at which time alone changes something."""
    waits = {Stage.BAKING: plan.wait, Stage.TERMINATING: plan.termination_wait}
    limit = progress.started + plan.timeout
    return min(progress.since + waits.get(progress.stage, math.inf), limit)


def advance(plan: DeploymentPlan, progress: Progress, sight: Sight) -> Progress:
    """The deployment after one look at the world; the same object when nothing changes.

    Waits are counted from when they were due to begin, so one late look can be followed by others that catch up.
    """
    if progress.over:
        return progress
    if progress.stage is Stage.ROLLING_BACK:
        return _enter(progress, Stage.ROLLED_BACK, sight.now) if sight.reverted else progress
    trouble = _trouble(plan, progress, sight)
    if trouble:
        return _enter(progress, Stage.ROLLING_BACK, sight.now, reason=trouble)
    if progress.stage is Stage.PROVISIONING:
        return _enter(progress, Stage.BAKING, sight.now, step=1) if sight.healthy else progress
    return _pass_time(plan, progress, sight.now)


def _trouble(plan: DeploymentPlan, progress: Progress, sight: Sight) -> str:
    """Why the deployment must be taken back; empty when all is well."""
    if sight.failure:
        return sight.failure
    if progress.stage is not Stage.PROVISIONING and sight.tripped:
        names = ", ".join(sight.tripped)
        return f"One or more alarms of the AutoRollbackConfiguration tripped during the deployment: {names}."
    limit = progress.started + plan.timeout
    if sight.now >= limit and due(plan, progress) >= limit:
        return f"The deployment did not finish within MaximumExecutionTimeoutInSeconds ({plan.timeout:g} seconds)."
    return ""


def _pass_time(plan: DeploymentPlan, progress: Progress, now: float) -> Progress:
    end = due(plan, progress)
    if now < end:
        return progress
    if progress.stage is Stage.TERMINATING:
        return _enter(progress, Stage.COMPLETED, end)
    if progress.step < len(plan.shares):
        return _enter(progress, Stage.BAKING, end, step=progress.step + 1)
    return _enter(progress, Stage.TERMINATING, end)


def _enter(progress: Progress, stage: Stage, since: float, *, step: int | None = None, reason: str = "") -> Progress:
    change = {"stage": stage, "since": since, "step": progress.step if step is None else step}
    return progress.model_copy(update=change | ({"reason": reason} if reason else {}))


def plan(config: Mapping[str, Any] | None, instances: Mapping[str, int]) -> DeploymentPlan:
    """The plan that a DeploymentConfig asks for, on variants of so many ``instances``; refuses what contradicts itself.

    Without a config everything shifts at once. Serverless variants (0 instances) know no guardrails.
    """
    if not config:
        return DeploymentPlan()
    policy, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if policy and rolling:
        raise validation_error(
            "DeploymentConfig can have only one update policy: BlueGreenUpdatePolicy or RollingUpdatePolicy."
        )
    if (policy or rolling) and not all(instances.values()):
        raise validation_error("Deployment guardrails are not supported for serverless endpoints.")
    alarms = (config.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    names = tuple(alarm["AlarmName"] for alarm in alarms if "AlarmName" in alarm)
    smallest = min(instances.values())
    made = _rolling(rolling, smallest) if rolling else _blue_green(policy or {}, smallest)
    waiting = made.wait * len(made.shares) + made.termination_wait
    if waiting >= made.timeout:
        raise validation_error(
            f"MaximumExecutionTimeoutInSeconds ({made.timeout:g}) must be larger than the total waiting time of the "
            f"deployment ({waiting:g} seconds)."
        )
    return made.model_copy(update={"alarms": names})


def _blue_green(policy: Mapping[str, Any], instances: int) -> DeploymentPlan:
    routing = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    return DeploymentPlan(
        shares=_shares(routing, instances),
        wait=routing["WaitIntervalInSeconds"],
        termination_wait=policy.get("TerminationWaitInSeconds", 0),
        timeout=policy.get("MaximumExecutionTimeoutInSeconds", _TIMEOUT_SECONDS),
    )


def _shares(routing: Mapping[str, Any], instances: int) -> tuple[float, ...]:
    kind = routing["Type"]
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    for other in ("CanarySize", "LinearStepSize"):
        if (other == member) != (other in routing):
            what = "is required for" if other == member else "cannot be used with"
            raise validation_error(f"{other} {what} traffic routing of type {kind}.")
    if member is None:
        return (1.0,)
    lowest = 0.0 if kind == "CANARY" else 0.1
    step = _fraction(routing[member], instances, member, lowest)
    return (step, 1.0) if kind == "CANARY" else _steps(step)


def _rolling(policy: Mapping[str, Any], instances: int) -> DeploymentPlan:
    if "RollbackMaximumBatchSize" in policy:
        _fraction(policy["RollbackMaximumBatchSize"], instances, "RollbackMaximumBatchSize", 0.05, highest=1.0)
    return DeploymentPlan(
        shares=_steps(_fraction(policy["MaximumBatchSize"], instances, "MaximumBatchSize", 0.05)),
        wait=policy["WaitIntervalInSeconds"],
        timeout=policy.get("MaximumExecutionTimeoutInSeconds", _TIMEOUT_SECONDS),
        rolling=True,
    )


def _fraction(size: Mapping[str, Any], instances: int, member: str, lowest: float, *, highest: float = 0.5) -> float:
    """A CapacitySize as a part of the fleet, refused outside the bounds that AWS documents for it."""
    value = int(size["Value"])
    counted = size["Type"] == "INSTANCE_COUNT"
    fraction = value / instances if counted else value / 100
    if not lowest <= fraction <= highest:
        raise validation_error(
            f"{member} must be between {lowest:.0%} and {highest:.0%} of the variant's total instance count; "
            f"{value} {'of ' + str(instances) + ' instances' if counted else 'percent'} is not."
        )
    return fraction


def _steps(step: float) -> tuple[float, ...]:
    count = math.ceil(round(1 / step, 9))
    return tuple(min(1.0, round(step * number, 9)) for number in range(1, count + 1))
