"""What a deployment changes, decided on values: what is wanted, what is live, and what happened before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.deployment.desired import Desired, desired
from agent.deployment.live import Live
from agent.deployment.plan import Past, Plan, past, plan, serves
from agent.ports.endpoints import EndpointState, ScalingState
from tests.unit.deployment.stage import ARN, ENDPOINT, QA, RESOURCE, digest, entry, environment, release

if TYPE_CHECKING:
    from agent.ledger.environments import Deployment

NOTHING = Past()
TRACKING = {"TargetValue": 100.0}
SCALED = {"min_count": 2, "max_count": 4, "invocations_per_instance": 100}


def wanted(number: int = 1, **endpoint: Any) -> Desired:
    return desired(release(number), digest(number), name="qa", environment=environment(endpoint=endpoint), run="run-1")


def scaled(count: int = 2, type: str = "ml.m5.large", **limits: Any) -> dict[str, Any]:  # noqa: A002 - SageMaker's word
    return {"instance": {"type": type, "count": count, "autoscaling": {**SCALED, **limits}}}


def live(
    config: str = "tumour-old",
    *,
    status: str = "InService",
    count: int = 1,
    initial: int = 1,
    type: str = "ml.m5.large",  # noqa: A002 - SageMaker's word
    scaling: ScalingState | None = None,
    variant: str = "main",
) -> Live:
    state = EndpointState(name=ENDPOINT, arn=ARN, status=status, config=config, desired_instances={variant: count})
    return Live(
        state=state,
        variants={variant: {"VariantName": variant, "InstanceType": type, "InitialInstanceCount": initial}},
        scaling={variant: scaling} if scaling else {},
    )


def made(want: Desired, now: Live, before: Past = NOTHING) -> Plan:
    return plan(want, now, before, account=QA)


def operations(actions: Any) -> list[str]:
    return [action.operation.partition(":")[2] for action in actions]


# --- the endpoint --------------------------------------------------------------------------------------------------


def test_where_there_is_no_endpoint_one_is_created() -> None:
    todo = made(wanted(), Live())
    assert operations(todo.actions) == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]


def test_what_exists_is_not_made_again() -> None:
    assert operations(made(wanted(), Live(made=frozenset({"model", "config"}))).actions) == ["CreateEndpoint"]


def test_an_endpoint_is_updated_in_place() -> None:
    todo = made(wanted(), live())
    assert operations(todo.actions) == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
    (update,) = todo.change
    assert update.request["EndpointConfigName"] == wanted().name
    assert "DeploymentConfig" in update.request


def test_what_is_live_already_needs_nothing() -> None:
    assert made(wanted(), live(wanted().name)).actions == ()


def test_a_failed_endpoint_is_deleted_and_created_again() -> None:
    todo = made(wanted(), live(wanted().name, status="Failed"))
    assert operations(todo.change) == ["DeleteEndpoint", "CreateEndpoint"]
    assert todo.change[0].note


def test_an_update_that_is_under_way_is_not_asked_for_again() -> None:
    state = replace(live().state, status="Updating", pending_config=wanted().name)  # type: ignore[type-var]
    assert made(wanted(), replace(live(), state=state)).change == ()


def test_alarms_stand_before_the_update_that_they_guard() -> None:
    want = wanted(strategy={"kind": "canary", "alarms": {"errors": {"metric": "Invocation5XXErrors", "above": 1}}})
    todo = made(want, live(), Past(alarms=frozenset({"tumour-qa-slow", "tumour-qa-errors"})))
    assert operations(todo.prepare)[-1] == "PutMetricAlarm"
    assert [action.request for action in todo.follow] == [{"AlarmNames": ["tumour-qa-slow"]}]


# --- capacity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("want", "now", "keeps"),
    [
        (wanted(**scaled()), live(count=3), True),
        (wanted(**scaled()), live(count=2), True),
        (wanted(**scaled()), live(count=9), True),
        (wanted(**scaled()), live(count=1), False),
        (wanted(), live(count=3, initial=1), True),
        (wanted(), live(count=1, initial=1), False),
        (wanted(instance={"type": "ml.m5.large", "count": 2}), live(count=3, initial=1), False),
        (wanted(), live(count=3, initial=3), False),
        (wanted(), live(count=3, variant="AllTraffic"), False),
        (wanted(instance=None, serverless={"memory_mb": 1024, "max_concurrency": 1}), live(count=3), False),
        (wanted(**scaled()), live(count=0), False),
    ],
    ids=[
        "scaled-out",
        "scaled-to-the-least",
        "above-the-new-most",
        "below-the-new-least",
        "by-hand",
        "untouched",
        "configured-anew",
        "configured-less",
        "another-variant",
        "serverless",
        "serverless-before",
    ],
)
def test_capacity_that_scaling_gave_is_kept(want: Desired, now: Live, keeps: bool) -> None:
    (update,) = made(want, now).change
    assert update.request.get("RetainAllVariantProperties", False) is keeps


def test_nothing_but_the_number_of_instances_is_kept() -> None:
    """RetainAllVariantProperties would keep the old capture settings too."""
    (update,) = made(wanted(**scaled()), live(count=3)).change
    left_out = {each["VariantPropertyType"] for each in update.request["ExcludeRetainedVariantProperties"]}
    assert left_out == {"DesiredWeight", "DataCaptureConfig"}


def test_scaling_is_registered_once_the_variant_is_live() -> None:
    todo = made(wanted(**scaled()), live())
    assert operations(todo.follow) == ["RegisterScalableTarget", "PutScalingPolicy"]
    assert todo.follow[0].request["MaxCapacity"] == 4


def test_scaling_that_is_as_configured_stays_untouched() -> None:
    present = wanted(**scaled()).scaling
    todo = made(wanted(**scaled()), live(scaling=present))
    assert operations(todo.actions) == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]


@pytest.mark.parametrize("change", [{"max_count": 9}, {"invocations_per_instance": 1}])
def test_scaling_is_brought_in_step_with_the_configuration(change: dict[str, Any]) -> None:
    present = wanted(**scaled()).scaling
    todo = made(wanted(**scaled(**change)), live(wanted(**scaled()).name, scaling=present))
    assert operations(todo.actions) == ["RegisterScalableTarget", "PutScalingPolicy"]


def test_scaling_of_ours_ends_when_it_is_no_longer_configured() -> None:
    present = wanted(**scaled()).scaling
    assert operations(made(wanted(), live(wanted().name, scaling=present)).actions) == ["DeregisterScalableTarget"]


def test_scaling_that_someone_else_set_up_stays() -> None:
    foreign = ScalingState(min_count=1, max_count=2, policies={"theirs": TRACKING})
    assert made(wanted(), live(wanted().name, scaling=foreign)).actions == ()


@pytest.mark.parametrize(
    ("now", "want"),
    [
        (live(scaling=wanted(**scaled()).scaling), wanted(**scaled(type="ml.c5.large"))),
        (
            live(scaling=wanted(**scaled()).scaling),
            wanted(instance=None, serverless={"memory_mb": 1024, "max_concurrency": 1}),
        ),
        (live(variant="AllTraffic", scaling=wanted(**scaled()).scaling), wanted(**scaled())),
    ],
    ids=["another-type", "serverless", "another-variant"],
)
def test_a_target_is_deregistered_only_where_aws_demands_it(now: Live, want: Desired) -> None:
    todo = made(want, now)
    assert operations(todo.prepare)[-1] == "DeregisterScalableTarget"
    assert operations(todo.restore) == ["RegisterScalableTarget", "PutScalingPolicy"]
    assert operations(todo.follow) == (["RegisterScalableTarget", "PutScalingPolicy"] if want.scaling else [])


def test_what_is_put_back_is_what_was_there() -> None:
    foreign = ScalingState(min_count=1, max_count=2, policies={"theirs": TRACKING})
    todo = made(wanted(**scaled(type="ml.c5.large")), live(scaling=foreign))
    register, put = todo.restore
    assert (register.request["ResourceId"], register.request["MaxCapacity"]) == (RESOURCE, 2)
    assert put.request["TargetTrackingScalingPolicyConfiguration"] == TRACKING


# --- what is left --------------------------------------------------------------------------------------------------


def removable(history: list[Deployment], config: str, keep: int) -> tuple[str, ...]:
    return past(history, replace(wanted(), name=config), keep=keep).removable


def test_the_last_deployments_are_kept() -> None:
    history = [entry(number) for number in (1, 2, 3)]
    assert removable(history, "config-4", keep=1) == ("config-1", "config-2")
    assert removable(history, "config-4", keep=2) == ("config-1",)
    assert removable(history, "config-4", keep=0) == ("config-1", "config-2", "config-3")


def test_what_failed_is_not_worth_keeping() -> None:
    history = [entry(1), entry(2, status="failed"), entry(3, status="interrupted")]
    assert removable(history, "config-4", keep=2) == ("config-2", "config-3")


def test_what_was_removed_is_not_removed_again() -> None:
    history = [entry(1), entry(2), entry(3, removed=("config-1",))]
    assert removable(history, "config-4", keep=1) == ("config-2",)


def test_what_was_brought_back_can_be_removed_again() -> None:
    history = [entry(1), entry(2, removed=("config-1",)), entry(3, config="config-1"), entry(4)]
    assert removable(history, "config-5", keep=0) == ("config-2", "config-1", "config-4")


def test_what_another_endpoint_may_need_stays() -> None:
    history = [entry(1, endpoint=ARN + "-old"), entry(2)]
    assert removable(history, "config-3", keep=0) == ("config-2",)


def test_alarms_of_failed_deployments_are_known_too() -> None:
    history = [entry(1, alarms=("a",)), entry(2, alarms=("b",)), entry(3, alarms=("c",), status="failed")]
    assert past(history, wanted(), keep=2).alarms == {"b", "c"}


entries = some.lists(
    some.tuples(
        some.sampled_from("abcdef"),
        some.sampled_from(["done", "failed", "interrupted"]),
        some.lists(some.sampled_from("abcdef"), max_size=3, unique=True),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(entries=entries, live_config=some.sampled_from("abcdef"), keep=some.integers(0, 4))
def test_what_is_live_and_what_a_rollback_needs_is_never_removed(
    entries: list[tuple[str, str, list[str]]], live_config: str, keep: int
) -> None:
    history = [
        entry(number, config=config, status=status, removed=tuple(set(removed) - {config}))
        for number, (config, status, removed) in enumerate(entries, start=1)
    ]
    going = removable(history, live_config, keep)
    done = [one.config for one in reversed(history) if one.status == "done" and one.config != live_config]
    assert live_config not in going
    assert not set(list(dict.fromkeys(done))[:keep]) & set(going)
    assert len(set(going)) == len(going)


# --- serving -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "does"),
    [
        (None, False),
        (live(wanted().name).state, True),
        (live("tumour-old").state, False),
        (live(wanted().name, status="Updating").state, False),
        (live(wanted().name, status="Failed").state, False),
    ],
    ids=["gone", "live", "another", "changing", "failed"],
)
def test_only_a_steady_endpoint_with_the_wanted_configuration_serves_it(
    state: EndpointState | None, does: bool
) -> None:
    assert serves(wanted(), state) is does
