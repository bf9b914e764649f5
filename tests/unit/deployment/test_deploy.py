"""One deployment from whatever is there to a proved end, against endpoints in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.deployment.deploy import bring, planned, recalled
from agent.deployment.watch import PATIENCE
from agent.errors import (
    CloudFailedError,
    InterruptedRunError,
    ModelyardError,
    TemporaryError,
    UserCodeFailedError,
)
from agent.ledger.environments import Environments
from agent.ledger.leases import Lease
from tests.fakes import EPOCH, FakeClock, KeptReport, MemoryEndpoints, MemoryObjects
from tests.unit.deployment.stage import ENDPOINT, RESOURCE, context, digest, order

if TYPE_CHECKING:
    from agent.context import Context

UNHEALTHY = "The primary container for production variant main did not pass the ping health check."
SCALED = {"type": "ml.m5.large", "autoscaling": {"min_count": 1, "max_count": 4, "invocations_per_instance": 100}}

GUARDED: dict[str, Any] = {
    "endpoint": {"strategy": {"kind": "canary", "alarms": {"errors": {"metric": "Invocation5XXErrors", "above": 1}}}}
}


@pytest.fixture
def endpoints() -> MemoryEndpoints:
    return MemoryEndpoints()


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def ctx(endpoints: MemoryEndpoints, objects: MemoryObjects) -> Context:
    return context(endpoints, objects)


def told(ctx: Context, kind: str) -> list[str]:
    assert isinstance(ctx.report, KeptReport)
    return ctx.report.of(kind)


def lease(ctx: Context) -> Lease:
    return ctx.ledger.expect("environments/qa/lock.json", Lease)


def config(number: int, ctx: Context) -> str:
    """What the release of that number is called."""
    return order(number).desired(ctx).name


def test_what_was_brought_is_recalled(ctx: Context) -> None:
    done = bring(order(1), ctx)
    assert recalled(order(1), ctx) == done
    assert recalled(order(2), ctx) is None
    assert planned(order(1), ctx) == ()


def test_the_lease_is_given_back(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    assert lease(ctx).released
    endpoints.broken[config(2, ctx)] = UNHEALTHY
    with pytest.raises(UserCodeFailedError):
        bring(order(2), ctx)
    assert lease(ctx).released


def test_an_agent_that_was_lost_after_the_update_is_made_up_for(ctx: Context, endpoints: MemoryEndpoints) -> None:
    """The endpoint serves the release, but the history does not know: proved and written down, without a write."""
    bring(order(1), ctx)
    wanted = order(2).desired(ctx)
    endpoints.create_model(wanted.model)
    endpoints.create_config(wanted.config)
    endpoints.change(ENDPOINT, wanted.name)
    while not endpoints.present[ENDPOINT].steady:
        endpoints.describe(ENDPOINT)
    endpoints.writes.clear()
    assert bring(order(2), ctx).replaced == digest(1)
    assert endpoints.asked("UpdateEndpoint") == []
    assert told(ctx, "warn") == []


def test_an_update_of_the_same_is_adopted(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    wanted = order(2).desired(ctx)
    endpoints.create_model(wanted.model)
    endpoints.create_config(wanted.config)
    endpoints.change(ENDPOINT, wanted.name)
    endpoints.writes.clear()
    bring(order(2), ctx)
    assert endpoints.writes == []


def test_an_adopted_update_that_is_rolled_back_fails_instead_of_starting_over(
    ctx: Context, endpoints: MemoryEndpoints
) -> None:
    bring(order(1), ctx)
    wanted = order(2).desired(ctx)
    endpoints.create_model(wanted.model)
    endpoints.create_config(wanted.config)
    endpoints.broken[wanted.name] = UNHEALTHY
    endpoints.change(ENDPOINT, wanted.name)
    with pytest.raises(UserCodeFailedError, match="health check"):
        bring(order(2), ctx)
    assert endpoints.asked("UpdateEndpoint") == []


def test_an_update_whose_answer_was_lost_is_not_made_twice(ctx: Context, endpoints: MemoryEndpoints) -> None:
    """The request came through; its repetition is refused as one too many."""
    bring(order(1), ctx)

    def lose(operation: str, what: str) -> None:
        if operation == "UpdateEndpoint" and endpoints.present[what].steady:
            endpoints.change(what, config(2, ctx))

    endpoints.before = lose
    bring(order(2), ctx)
    assert endpoints.asked("UpdateEndpoint") == [ENDPOINT]
    assert endpoints.present[ENDPOINT].config == config(2, ctx)


def test_scaling_that_gets_in_between_is_waited_for(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    once = iter([True])

    def scale(operation: str, what: str) -> None:
        if operation == "UpdateEndpoint" and next(once, False):
            endpoints.change(what, config(1, ctx), counts={"main": 3})

    endpoints.before = scale
    bring(order(2), ctx)
    assert len(endpoints.asked("UpdateEndpoint")) == 2
    assert endpoints.present[ENDPOINT].desired_instances == {"main": 3}


def test_an_endpoint_that_others_change_all_the_time_is_given_up(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)

    def meddle(operation: str, what: str) -> None:
        if operation == "UpdateEndpoint":
            endpoints.change(what, config(1, ctx))

    endpoints.before = meddle
    with pytest.raises(TemporaryError, match="changed by others again and again"):
        bring(order(2), ctx)


def test_someone_else_s_change_is_not_waited_for_forever(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    endpoints.looks = 10**9
    endpoints.change(ENDPOINT, config(1, ctx))
    with pytest.raises(TemporaryError, match="not this run's"):
        bring(order(2), ctx)


def test_an_update_of_our_own_is_waited_for_as_long_as_sagemaker_lets_it_run(
    ctx: Context, endpoints: MemoryEndpoints
) -> None:
    bring(order(1), ctx)
    endpoints.looks = 2000
    bring(order(2), ctx)
    assert ctx.clock.now() - EPOCH > PATIENCE
    assert endpoints.present[ENDPOINT].config == config(2, ctx)


def test_a_failure_says_where_and_why_with_the_last_lines(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1, **GUARDED), ctx)
    endpoints.broken[config(2, ctx)] = "One or more alarms tripped."
    endpoints.before = lambda operation, _: endpoints.alarming.update(
        ["tumour-qa-errors"] if operation == "UpdateEndpoint" else []
    )
    endpoints.lines = ("Traceback (most recent call last):", "ValueError: 31 columns")
    with pytest.raises(UserCodeFailedError) as failure:
        bring(order(2, **GUARDED), ctx)
    message = str(failure.value)
    for part in (ENDPOINT, "222222222222", "us-east-1", "tripped", "tumour-qa-errors", "ValueError: 31 columns"):
        assert part in message
    last = Environments(ctx.ledger).history("qa")[-1]
    assert (last.status, last.reason) == ("failed", message)


def test_an_alarm_of_an_earlier_update_is_let_fall_silent(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1, **GUARDED), ctx)
    looks = iter([["tumour-qa-errors"], ["tumour-qa-errors"], []])

    def look(operation: str, _: str) -> None:
        if operation == "DescribeAlarms":
            endpoints.alarming = set(next(looks))

    endpoints.before = look
    bring(order(2, **GUARDED), ctx)
    assert endpoints.present[ENDPOINT].config == config(2, ctx)
    assert isinstance(ctx.clock, FakeClock)
    assert ctx.clock.slept.count(10.0) == 2


def test_an_alarm_that_stays_off_is_told_before_the_update(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1, **GUARDED), ctx)
    endpoints.alarming.add("tumour-qa-errors")
    with pytest.raises(TemporaryError, match="off already and would undo the update at once: tumour-qa-errors"):
        bring(order(2, **GUARDED), ctx)
    assert endpoints.asked("UpdateEndpoint") == []


def test_an_endpoint_of_another_name_is_told_of(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    bring(order(1, endpoint={"name": "tumour-new"}), ctx)
    (warning,) = told(ctx, "warn")
    assert ENDPOINT in warning
    assert endpoints.present[ENDPOINT].status == "InService"


def test_a_failure_is_told_even_where_its_log_may_not_be_read(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    endpoints.broken[config(2, ctx)] = UNHEALTHY

    def refuse(operation: str, what: str) -> None:
        if operation == "GetLogEvents":
            raise CloudFailedError("the log cannot be read")

    endpoints.before = refuse
    with pytest.raises(UserCodeFailedError, match=r"health check(.|\n)*the log cannot be read"):
        bring(order(2), ctx)


@pytest.mark.parametrize("error", [CloudFailedError("boom"), TemporaryError("busy"), InterruptedRunError("SIGTERM")])
def test_however_a_deployment_ends_the_history_says_so(
    ctx: Context, endpoints: MemoryEndpoints, error: ModelyardError
) -> None:
    def fail(operation: str, what: str) -> None:
        if operation == "CreateEndpointConfig":
            raise error

    endpoints.before = fail
    with pytest.raises(type(error)):
        bring(order(1), ctx)
    (last,) = Environments(ctx.ledger).history("qa")
    assert last.status == ("interrupted" if isinstance(error, InterruptedRunError) else "failed")
    assert str(error) in last.reason
    assert lease(ctx).released


def test_an_interrupted_wait_leaves_the_update_running(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    assert isinstance(ctx.clock, FakeClock)
    clock, endpoints.looks = ctx.clock, 5

    def interrupt(operation: str, what: str) -> None:
        clock.interrupted = operation == "UpdateEndpoint" or clock.interrupted

    endpoints.before = interrupt
    with pytest.raises(InterruptedRunError):
        bring(order(2), ctx)
    endpoints.before = lambda *_: None
    assert endpoints.present[ENDPOINT].pending_config == config(2, ctx)
    ctx.clock.interrupted = False
    bring(order(2), ctx)
    assert len(endpoints.asked("UpdateEndpoint")) == 1


def test_a_run_that_is_to_end_begins_nothing(ctx: Context, endpoints: MemoryEndpoints) -> None:
    assert isinstance(ctx.clock, FakeClock)
    ctx.clock.interrupted = True
    with pytest.raises(InterruptedRunError):
        bring(order(1), ctx)
    assert endpoints.writes == []


def test_scaling_that_fails_fails_the_deployment(ctx: Context, endpoints: MemoryEndpoints) -> None:
    def refuse(operation: str, what: str) -> None:
        if operation == "PutScalingPolicy":
            raise CloudFailedError("no such metric")

    endpoints.before = refuse
    with pytest.raises(CloudFailedError, match="no such metric"):
        bring(order(1, endpoint={"instance": SCALED}), ctx)
    endpoints.before = lambda *_: None
    bring(order(1, endpoint={"instance": SCALED}), ctx)
    assert list(endpoints.targets[RESOURCE].policies) == ["tumour-invocations"]


def test_scaling_that_was_taken_down_for_an_update_that_is_refused_is_put_back(
    ctx: Context, endpoints: MemoryEndpoints
) -> None:
    bring(order(1, endpoint={"instance": SCALED}), ctx)
    before = endpoints.targets[RESOURCE]

    def refuse(operation: str, what: str) -> None:
        if operation == "UpdateEndpoint":
            assert RESOURCE not in endpoints.targets
            raise CloudFailedError("no quota for that type")

    endpoints.before = refuse
    with pytest.raises(CloudFailedError, match="no quota"):
        bring(order(1, endpoint={"instance": {**SCALED, "type": "ml.c5.large"}}), ctx)
    assert endpoints.targets[RESOURCE] == before


def test_a_run_that_takes_over_lets_the_earlier_one_look_on(
    ctx: Context, endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    """The same work started twice: the second run has the environment, the first one answers what came of it."""
    later = context(endpoints, objects, run="run-2")
    bring(order(1), ctx)
    once = iter([True])

    def start_again(operation: str, what: str) -> None:
        if operation == "CreateModel" and next(once, False):
            bring(order(2), later)

    endpoints.before = start_again
    result = bring(order(2), ctx)
    assert result.run == "run-2"
    assert [entry.run for entry in Environments(ctx.ledger).history("qa")] == ["run-1", "run-2"]
    assert len(endpoints.asked("UpdateEndpoint")) == 1


def test_a_change_behind_the_history_s_back_is_told(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(1), ctx)
    bring(order(2), ctx)
    endpoints.change(ENDPOINT, config(1, ctx))
    bring(order(2), ctx)
    (warning,) = told(ctx, "warn")
    assert config(1, ctx) in warning
    assert endpoints.present[ENDPOINT].config == config(2, ctx)


def test_nothing_is_removed_before_the_new_one_is_proved(ctx: Context, endpoints: MemoryEndpoints) -> None:
    for number in (1, 2):
        bring(order(number, keep=0), ctx)
    endpoints.writes.clear()
    endpoints.broken[config(3, ctx)] = UNHEALTHY
    with pytest.raises(UserCodeFailedError):
        bring(order(3, keep=0), ctx)
    assert endpoints.asked("DeleteModel") == []
    endpoints.broken.clear()
    bring(order(4, keep=0), ctx)
    assert set(endpoints.model_requests) == {config(4, ctx)}
