"""How far policies scale: the examples and rules of the Application Auto Scaling user guide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.autoscaling.decisions import Breach, Wish, agreed, cooled, may_scale, stepped, tracked, within
from agent.cloud.autoscaling.records import Suspended


def high(value: float, threshold: float = 100.0) -> Breach:
    return Breach(alarm="high", value=value, threshold=threshold, high=True)


def low(value: float, threshold: float = 90.0) -> Breach:
    return Breach(alarm="low", value=value, threshold=threshold, high=False)


# --- target tracking -----------------------------------------------------------------------------------------------

TARGET = {"TargetValue": 100.0}


@pytest.mark.parametrize(("current", "value", "wanted"), [(1, 250, 3), (2, 101, 3), (4, 150, 6), (10, 100.5, 11)])
def test_a_metric_above_its_target_grows_the_fleet_in_proportion(current: int, value: float, wanted: int) -> None:
    assert tracked(TARGET, high(value), current) == wanted


@pytest.mark.parametrize(("current", "value", "wanted"), [(4, 50, 2), (4, 10, 1), (3, 85, 3), (2, 0, 0)])
def test_a_metric_below_its_target_shrinks_the_fleet_in_proportion(current: int, value: float, wanted: int) -> None:
    assert tracked(TARGET, low(value), current) == wanted


def test_scaling_in_can_be_disabled() -> None:
    assert tracked({**TARGET, "DisableScaleIn": True}, low(1), 8) == 8


@given(st.integers(1, 100), st.floats(0, 1e6), st.booleans())
def test_a_high_alarm_never_shrinks_and_a_low_one_never_grows(current: int, value: float, is_high: bool) -> None:
    wanted = tracked(TARGET, high(value) if is_high else low(value), current)
    assert wanted > current if is_high else wanted <= current


# --- step scaling --------------------------------------------------------------------------------------------------

STEPS = [
    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 10},
    {"MetricIntervalLowerBound": 10.0, "MetricIntervalUpperBound": 20.0, "ScalingAdjustment": 20},
    {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 30},
    {"MetricIntervalUpperBound": 0.0, "MetricIntervalLowerBound": -10.0, "ScalingAdjustment": -10},
    {"MetricIntervalUpperBound": -10.0, "ScalingAdjustment": -30},
]


def steps(kind: str, **more: Any) -> dict[str, Any]:
    return {"AdjustmentType": kind, "StepAdjustments": STEPS, **more}


@pytest.mark.parametrize(
    ("breach", "wanted"),
    [
        (high(60, 60), 20),
        (high(69.9, 60), 20),
        (high(70, 60), 30),
        (high(500, 60), 40),
        (low(55, 60), 0),
        (low(50, 60), -20),
    ],
)
def test_the_step_that_covers_the_breach_changes_the_capacity(breach: Breach, wanted: int) -> None:
    assert stepped(steps("ChangeInCapacity"), breach, 10) == wanted


@pytest.mark.parametrize(
    ("current", "breach", "wanted"),
    [(10, high(60, 60), 11), (15, high(60, 60), 16), (3, high(60, 60), 4), (10, low(10, 60), 7), (2, low(10, 60), 1)],
)
def test_percentages_are_rounded_towards_zero_but_are_at_least_one(current: int, breach: Breach, wanted: int) -> None:
    assert stepped(steps("PercentChangeInCapacity"), breach, current) == wanted


def test_a_percentage_can_have_a_least_magnitude() -> None:
    assert stepped(steps("PercentChangeInCapacity", MinAdjustmentMagnitude=4), high(60, 60), 10) == 14


def test_a_capacity_can_be_set_exactly() -> None:
    exact = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 7}]}
    assert stepped(exact, high(60, 60), 2) == 7


def test_a_breach_that_no_step_covers_changes_nothing() -> None:
    only = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": STEPS[1:2]}
    assert stepped(only, high(60, 60), 5) == 5


# --- cooldowns, limits, several policies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configuration", "out", "since", "over"),
    [
        ({"ScaleOutCooldown": 60}, True, 940.0, True),
        ({"ScaleOutCooldown": 60}, True, 941.0, False),
        ({"ScaleInCooldown": 600}, False, 500.0, False),
        ({"Cooldown": 30}, True, 960.0, True),
        ({}, True, 701.0, False),
        ({}, False, 700.0, True),
        ({"ScaleInCooldown": 600}, False, None, True),
    ],
)
def test_a_direction_cools_down_for_as_long_as_its_policy_says(
    configuration: dict[str, Any], out: bool, since: float | None, over: bool
) -> None:
    assert cooled(configuration, out=out, since=since, now=1000.0) is over


def wishes(*capacities: int) -> list[Wish]:
    return [Wish(policy=f"p{n}", capacity=capacity, alarm="a") for n, capacity in enumerate(capacities)]


@pytest.mark.parametrize(
    ("capacities", "policies", "agreed_on"),
    [((5, 7), 2, 7), ((2, 5), 2, 5), ((1, 2), 2, 2), ((1,), 2, None), ((), 2, None)],
)
def test_several_policies_grow_to_the_most_and_shrink_only_together(
    capacities: tuple[int, ...], policies: int, agreed_on: int | None
) -> None:
    wish = agreed(wishes(*capacities), policies, 3)
    assert (wish and wish.capacity) == agreed_on


@given(st.integers(-10, 100), st.integers(1, 10), st.integers(0, 20))
def test_capacity_stays_between_the_limits(capacity: int, least: int, more: int) -> None:
    assert least <= within(capacity, least, least + more) <= least + more


def test_each_direction_can_be_suspended_on_its_own() -> None:
    suspended = Suspended(scale_in=True)
    assert (may_scale(suspended, out=True), may_scale(suspended, out=False)) == (True, False)
