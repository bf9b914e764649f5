"""Deployments: which plan a DeploymentConfig makes, and where a deployment goes whatever it sees.

Sources: the developer guide's "Deployment guardrails for updating models in production" and DeploymentConfig in the
API reference.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.deployments import (
    DeploymentPlan,
    Progress,
    Sight,
    Stage,
    advance,
    begin,
    due,
    plan,
    share,
)

START = 1_000_000.0
CANARY = DeploymentPlan(shares=(0.1, 1.0), wait=300, termination_wait=60, timeout=3600, alarms=("errors",))
MONITORED = {Stage.BAKING, Stage.TERMINATING}


def blue_green(**routing: Any) -> dict[str, Any]:
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"WaitIntervalInSeconds": 60, **routing}}}


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def instances(value: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": value}


def looked(plan: DeploymentPlan, progress: Progress, *sights: Sight) -> Progress:
    """After these looks, each followed by others at the same sight until nothing changes."""
    for sight in sights:
        while (moved := advance(plan, progress, sight)) is not progress:
            progress = moved
    return progress


# --- plans ---------------------------------------------------------------------------------------------------------


def test_without_a_config_all_traffic_shifts_at_once() -> None:
    made = plan(None, {"only": 2})
    assert (made.shares, made.wait, made.termination_wait) == ((1.0,), 0, 0)


@pytest.mark.parametrize(
    ("routing", "shares"),
    [
        ({"Type": "ALL_AT_ONCE"}, (1.0,)),
        ({"Type": "CANARY", "CanarySize": percent(10)}, (0.1, 1.0)),
        ({"Type": "CANARY", "CanarySize": instances(1)}, (0.25, 1.0)),
        ({"Type": "LINEAR", "LinearStepSize": percent(50)}, (0.5, 1.0)),
        ({"Type": "LINEAR", "LinearStepSize": percent(30)}, (0.3, 0.6, 0.9, 1.0)),
        ({"Type": "LINEAR", "LinearStepSize": instances(1)}, (0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_traffic_shifts_in_the_steps_that_the_routing_names(routing: dict[str, Any], shares: tuple[float, ...]) -> None:
    made = plan(blue_green(**routing), {"only": 4})
    assert made.shares == pytest.approx(shares)
    assert made.wait == 60


def test_a_rolling_update_shifts_batch_by_batch() -> None:
    made = plan({"RollingUpdatePolicy": {"MaximumBatchSize": instances(2), "WaitIntervalInSeconds": 30}}, {"a": 5})
    assert made.rolling
    assert made.shares == pytest.approx((0.4, 0.8, 1.0))


def test_alarms_and_limits_are_kept() -> None:
    config = blue_green(Type="ALL_AT_ONCE") | {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}
    config["BlueGreenUpdatePolicy"] |= {"TerminationWaitInSeconds": 120, "MaximumExecutionTimeoutInSeconds": 600}
    made = plan(config, {"only": 1})
    assert (made.alarms, made.termination_wait, made.timeout) == (("errors",), 120, 600)


@pytest.mark.parametrize(
    ("config", "variants"),
    [
        (blue_green(Type="CANARY"), {"a": 4}),
        (blue_green(Type="ALL_AT_ONCE", CanarySize=percent(10)), {"a": 4}),
        (blue_green(Type="LINEAR", CanarySize=percent(10), LinearStepSize=percent(10)), {"a": 4}),
        (blue_green(Type="CANARY", CanarySize=percent(51)), {"a": 4}),
        (blue_green(Type="CANARY", CanarySize=instances(3)), {"a": 4}),
        (blue_green(Type="CANARY", CanarySize=instances(1)), {"a": 1}),
        (blue_green(Type="LINEAR", LinearStepSize=percent(9)), {"a": 4}),
        (blue_green(Type="LINEAR", LinearStepSize=instances(2)), {"a": 10, "b": 3}),
        ({"RollingUpdatePolicy": {"MaximumBatchSize": percent(60), "WaitIntervalInSeconds": 0}}, {"a": 4}),
        (
            blue_green(Type="ALL_AT_ONCE")
            | {"RollingUpdatePolicy": {"MaximumBatchSize": percent(50), "WaitIntervalInSeconds": 0}},
            {"a": 4},
        ),
        (blue_green(Type="ALL_AT_ONCE"), {"serverless": 0}),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(config: dict[str, Any], variants: dict[str, int]) -> None:
    with pytest.raises(AwsError, match="ValidationException"):
        plan(config, variants)


def test_a_deployment_must_have_time_for_its_own_waits() -> None:
    config = blue_green(Type="LINEAR", LinearStepSize=percent(10), WaitIntervalInSeconds=60)
    config["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    with pytest.raises(AwsError, match="larger than the total waiting time"):
        plan(config, {"only": 10})


# --- one deployment ------------------------------------------------------------------------------------------------


def test_a_new_fleet_gets_no_traffic_before_it_is_healthy() -> None:
    waiting = looked(CANARY, begin(START), Sight(now=START + 100))
    assert (waiting.stage, share(CANARY, waiting)) == (Stage.PROVISIONING, 0.0)


def test_a_canary_bakes_with_its_share_then_gets_everything_then_the_old_fleet_ends() -> None:
    healthy = START + 5
    canary = looked(CANARY, begin(START), Sight(now=healthy, healthy=True))
    assert (canary.stage, share(CANARY, canary), due(CANARY, canary)) == (Stage.BAKING, 0.1, healthy + 300)
    everything = looked(CANARY, canary, Sight(now=healthy + 300, healthy=True))
    assert (everything.stage, share(CANARY, everything)) == (Stage.BAKING, 1.0)
    standing_by = looked(CANARY, everything, Sight(now=healthy + 600, healthy=True))
    assert (standing_by.stage, share(CANARY, standing_by)) == (Stage.TERMINATING, 1.0)
    done = looked(CANARY, standing_by, Sight(now=healthy + 660, healthy=True))
    assert done.stage is Stage.COMPLETED


@pytest.mark.parametrize("waited", [0, 299, 301, 601])
def test_an_alarm_takes_the_traffic_back_until_the_old_fleet_has_ended(waited: float) -> None:
    baking = looked(CANARY, begin(START), Sight(now=START, healthy=True), Sight(now=START + waited, healthy=True))
    back = advance(CANARY, baking, Sight(now=START + waited, healthy=True, tripped=("errors",)))
    assert (back.stage, share(CANARY, back)) == (Stage.ROLLING_BACK, 0.0)
    assert "errors" in back.reason
    over = advance(CANARY, back, Sight(now=START + waited + 1, reverted=True))
    assert (over.stage, over.reason) == (Stage.ROLLED_BACK, back.reason)


def test_an_alarm_does_not_matter_before_the_new_fleet_has_traffic() -> None:
    waiting = looked(CANARY, begin(START), Sight(now=START + 1, tripped=("errors",)))
    assert waiting.stage is Stage.PROVISIONING


def test_a_fleet_that_does_not_become_healthy_is_the_reason_for_rolling_back() -> None:
    failed = looked(CANARY, begin(START), Sight(now=START + 1, failure="no ping", reverted=True))
    assert (failed.stage, failed.reason) == (Stage.ROLLED_BACK, "no ping")


def test_a_deployment_that_takes_too_long_is_taken_back() -> None:
    late = looked(CANARY, begin(START), Sight(now=START + CANARY.timeout, reverted=True))
    assert late.stage is Stage.ROLLED_BACK
    assert "MaximumExecutionTimeoutInSeconds" in late.reason


# --- every deployment ----------------------------------------------------------------------------------------------

plans = st.builds(
    lambda shares, wait, termination, alarms: DeploymentPlan(
        shares=(*sorted(shares), 1.0), wait=wait, termination_wait=termination, timeout=40_000, alarms=alarms
    ),
    st.lists(st.floats(0.05, 0.95), max_size=9),
    st.integers(0, 3600),
    st.integers(0, 3600),
    st.sampled_from([(), ("errors",), ("errors", "latency")]),
)
sights = st.lists(
    st.tuples(st.floats(0, 8000), st.booleans(), st.sampled_from(["", "", "", "no ping"]), st.booleans()), max_size=30
)


def history(plan: DeploymentPlan, looks: list[tuple[float, bool, str, bool]]) -> list[tuple[Progress, Sight]]:
    """Every state, with the look that led to it; a fleet that was healthy stays so."""
    now, healthy, states = START, False, [(begin(START), Sight(now=START))]
    for passed, well, failure, alarm in looks:
        now, healthy = now + passed, healthy or well
        tripped = plan.alarms if alarm else ()
        sight = Sight(now=now, healthy=healthy, failure="" if healthy else failure, tripped=tripped, reverted=True)
        states.append((advance(plan, states[-1][0], sight), sight))
    return states


@given(plans, sights)
def test_traffic_only_grows_until_it_is_all_or_taken_back(
    plan: DeploymentPlan, looks: list[tuple[float, bool, str, bool]]
) -> None:
    shares = [share(plan, progress) for progress, _ in history(plan, looks)]
    for before, after in pairwise(shares):
        assert after >= before or after == 0.0


@given(plans, sights)
def test_every_alarm_that_is_seen_in_time_rolls_back(
    plan: DeploymentPlan, looks: list[tuple[float, bool, str, bool]]
) -> None:
    states = history(plan, looks)
    for (before, _), (after, sight) in pairwise(states):
        if sight.tripped and before.stage in MONITORED:
            assert after.stage is Stage.ROLLING_BACK


@given(plans, sights)
def test_what_is_over_stays_over(plan: DeploymentPlan, looks: list[tuple[float, bool, str, bool]]) -> None:
    states = [progress for progress, _ in history(plan, looks)]
    for before, after in pairwise(states):
        assert after is before or not before.over


@given(plans, sights)
def test_a_deployment_completes_only_after_all_its_waits_and_before_its_limit(
    plan: DeploymentPlan, looks: list[tuple[float, bool, str, bool]]
) -> None:
    last, _ = history(plan, looks)[-1]
    if last.stage is Stage.COMPLETED:
        waits = plan.wait * len(plan.shares) + plan.termination_wait
        assert waits <= last.since - last.started <= plan.timeout


@given(plans, st.lists(st.floats(0.5, 4000), max_size=40))
def test_the_end_does_not_depend_on_how_often_one_looks(plan: DeploymentPlan, steps: list[float]) -> None:
    healthy = Sight(now=START, healthy=True)
    often = looked(plan, begin(START), healthy)
    now = START
    for step in steps:
        now += step
        often = looked(plan, often, Sight(now=now, healthy=True))
    once = looked(plan, begin(START), healthy, Sight(now=now, healthy=True))
    assert often == once


@given(plans)
def test_a_healthy_fleet_without_alarms_always_becomes_the_live_one(plan: DeploymentPlan) -> None:
    far = Sight(now=START + plan.timeout - 1, healthy=True)
    assert looked(plan, begin(START), Sight(now=START, healthy=True), far).stage is Stage.COMPLETED
