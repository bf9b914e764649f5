"""How many instances a policy wants: decided on values alone.

Source: "Target tracking scaling policies" and "Step scaling policies" in the Application Auto Scaling user guide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.cloud.autoscaling.records import Suspended

DEFAULT_COOLDOWN = 300.0
"""Seconds; what Application Auto Scaling assumes for SageMaker where a policy names none."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """An alarm in ALARM, with the newest value of its metric; ``high`` when the value is above the threshold."""

    alarm: str
    value: float
    threshold: float
    high: bool


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The capacity that a policy wants, and the alarm that made it want it."""

    policy: str
    capacity: int
    alarm: str


def tracked(configuration: Mapping[str, Any], breach: Breach, current: int) -> int:
    """What keeps a metric that falls in proportion to capacity at its target; scale-in may be disabled."""
    wanted = math.ceil(round(current * breach.value / float(configuration["TargetValue"]), 6))
    if breach.high:
        return max(wanted, current + 1)
    return current if configuration.get("DisableScaleIn") else min(wanted, current)


def stepped(configuration: Mapping[str, Any], breach: Breach, current: int) -> int:
    """What the step adjustment for the size of the breach makes of the capacity; unchanged where no step covers it."""
    size = breach.value - breach.threshold
    step = next((s for s in configuration["StepAdjustments"] if _covers(s, size, high=breach.high)), None)
    if step is None:
        return current
    amount, kind = int(step["ScalingAdjustment"]), configuration["AdjustmentType"]
    if kind == "ExactCapacity":
        return amount
    if kind == "ChangeInCapacity":
        return current + amount
    change = _towards_zero_but_not_zero(current * amount / 100)
    least = int(configuration.get("MinAdjustmentMagnitude", 1))
    return current + int(math.copysign(max(abs(change), least), amount))


def _covers(step: Mapping[str, Any], size: float, *, high: bool) -> bool:
    """The bound nearer to the threshold belongs to the step, the other one does not."""
    low = float(step.get("MetricIntervalLowerBound", -math.inf))
    top = float(step.get("MetricIntervalUpperBound", math.inf))
    return low <= size < top if high else low < size <= top


def _towards_zero_but_not_zero(change: float) -> int:
    """Percentages are rounded towards zero, but a change of less than one is one."""
    return int(math.copysign(max(1, math.floor(abs(change))), change))


def cooled(configuration: Mapping[str, Any], *, out: bool, since: float | None, now: float) -> bool:
    """Whether the cooldown of a policy's last activity in that direction, at ``since``, is over."""
    member = "ScaleOutCooldown" if out else "ScaleInCooldown"
    seconds = configuration.get(member, configuration.get("Cooldown", DEFAULT_COOLDOWN))
    return since is None or now >= since + seconds


def agreed(wishes: Sequence[Wish], policies: int, current: int) -> Wish | None:
    """What several policies come to: the most for growing, and shrinking only when every one of them wants it."""
    growing = [wish for wish in wishes if wish.capacity > current]
    if growing:
        return max(growing, key=lambda wish: wish.capacity)
    shrinking = [wish for wish in wishes if wish.capacity < current]
    if shrinking and len(shrinking) == policies:
        return max(shrinking, key=lambda wish: wish.capacity)
    return None


def within(capacity: int, least: int, most: int) -> int:
    """The capacity, held between a target's limits."""
    return min(max(capacity, least), most)


def may_scale(suspended: Suspended, *, out: bool) -> bool:
    """Whether dynamic scaling in that direction is not suspended."""
    return not (suspended.scale_out if out else suspended.scale_in)
