"""One deployment over many visits: begun once, its lease kept between them, its end told as by one long wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.deployment.deploy import bring, under_way
from agent.deployment.watch import PATIENCE
from agent.errors import InterruptedRunError, TemporaryError, UserCodeFailedError
from agent.ledger.environments import Environments
from agent.ledger.leases import PATIENCE as LEASE_PATIENCE
from agent.ledger.leases import Lease
from agent.visit import LONGEST_NAP
from tests.fakes import EPOCH, FakeClock, KeptReport, MemoryEndpoints, MemoryObjects
from tests.unit.deployment.stage import ENDPOINT, RESOURCE, context, digest, order
from tests.visits import Visits

if TYPE_CHECKING:
    from agent.context import Context
    from agent.deployment.order import Order
    from agent.ledger.environments import Deployment

UNHEALTHY = "The primary container for production variant main did not pass the ping health check."
SCALED = {"type": "ml.m5.large", "autoscaling": {"min_count": 1, "max_count": 4, "invocations_per_instance": 100}}
GUARDED: dict[str, Any] = {
    "endpoint": {"strategy": {"kind": "canary", "alarms": {"errors": {"metric": "Invocation5XXErrors", "above": 1}}}}
}


@pytest.fixture
def endpoints() -> MemoryEndpoints:
    return MemoryEndpoints(looks=4)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def visits(endpoints: MemoryEndpoints, objects: MemoryObjects) -> Visits:
    return Visits(context=context(endpoints, objects))


def told(visits: Visits, kind: str) -> list[str]:
    assert isinstance(visits.context.report, KeptReport)
    return visits.context.report.of(kind)


def lease(visits: Visits) -> Lease:
    return visits.context.ledger.expect("environments/qa/lock.json", Lease)


def history(visits: Visits) -> tuple[Deployment, ...]:
    return Environments(visits.context.ledger).history("qa")


def config(number: int, visits: Visits) -> str:
    return order(number).desired(visits.context).name


def first(visits: Visits, wanted: Order) -> None:
    """An earlier run's deployment."""
    bring(wanted, visits.context)


def clock(visits: Visits) -> FakeClock:
    assert isinstance(visits.context.clock, FakeClock)
    return visits.context.clock


@pytest.mark.parametrize("budget", [0, 1, 40])
def test_an_update_over_visits_is_one_update(endpoints: MemoryEndpoints, objects: MemoryObjects, budget: float) -> None:
    visits = Visits(context=context(endpoints, objects), budget=budget)
    first(visits, order(1))
    began, endpoints.looks = clock(visits).now(), 30
    done = visits.until_done(lambda ctx: bring(order(2), ctx))
    assert (done.status, done.release, done.replaced, done.started) == ("done", digest(2), digest(1), began)
    assert endpoints.asked("UpdateEndpoint") == [ENDPOINT]
    assert [entry.number for entry in history(visits)] == [1, 2]
    assert lease(visits).released
    assert told(visits, "warn") == []


def test_the_first_visit_begins_the_update_and_leaves(visits: Visits, endpoints: MemoryEndpoints) -> None:
    first(visits, order(1))
    clock(visits).slept.clear()
    assert visits.come(lambda ctx: bring(order(2), ctx)) is None
    assert endpoints.asked("UpdateEndpoint") == [ENDPOINT]
    assert clock(visits).slept == []
    assert visits.left[0].progress == f"endpoint {ENDPOINT} is Updating"


def test_the_lease_is_kept_until_long_after_the_nap(visits: Visits, endpoints: MemoryEndpoints) -> None:
    endpoints.looks = 20
    visits.come(lambda ctx: bring(order(1), ctx))
    since = lease(visits).since
    for _ in range(2):
        assert not lease(visits).released
        assert lease(visits).expires - clock(visits).now() > timedelta(seconds=LONGEST_NAP)
        visits.come(lambda ctx: bring(order(1), ctx))
    assert lease(visits).since == since


def test_another_run_waits_for_the_one_between_its_visits(visits: Visits, objects: MemoryObjects) -> None:
    endpoints = MemoryEndpoints()
    visits.come(lambda ctx: bring(order(1), ctx))
    other = Visits(context=context(endpoints, objects, run="run-2", key="o" * 64))
    for _ in range(3):
        assert other.come(lambda ctx: bring(order(2), ctx)) is None
    assert endpoints.writes == []
    assert "is being changed by run run-1" in other.left[-1].progress
    visits.until_done(lambda ctx: bring(order(1), ctx))
    assert other.until_done(lambda ctx: bring(order(2), ctx)).run == "run-2"


def test_the_lease_is_not_waited_for_longer_than_by_one_long_wait(visits: Visits, objects: MemoryObjects) -> None:
    other = Visits(context=context(MemoryEndpoints(), objects, run="run-2", key="o" * 64))

    def hold_and_try(ctx: Context) -> Deployment | None:
        clock(visits).time = clock(other).time
        visits.come(lambda own: bring(order(1, keep=0), own))
        return bring(order(2), ctx)

    visits.context.accounts.others["222222222222"].endpoints.looks = 10**6  # type: ignore[attr-defined]
    with pytest.raises(TemporaryError, match="is being changed by run run-1"):
        other.until_done(hold_and_try)
    waited = clock(other).now() - EPOCH
    assert LEASE_PATIENCE <= waited <= LEASE_PATIENCE + timedelta(seconds=LONGEST_NAP)


def test_a_run_whose_lease_ran_out_and_was_taken_begins_with_what_is_live(
    visits: Visits, endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    """The controller was down for hours, and another build has deployed meanwhile."""
    first(visits, order(1))
    visits.come(lambda ctx: bring(order(2), ctx))
    visits.nap(7200)
    other = context(endpoints, objects, run="run-2", key="o" * 64)
    assert isinstance(other.clock, FakeClock)
    other.clock.time = clock(visits).time
    bring(order(3), other)
    assert visits.until_done(lambda ctx: bring(order(2), ctx)).release == digest(2)
    assert endpoints.present[ENDPOINT].config == config(2, visits)
    assert len(endpoints.asked("UpdateEndpoint")) == 3


def test_the_same_work_of_another_run_takes_over_once(
    visits: Visits, endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    """A build that was lost and started anew: the one before looks on, instead of taking the lease back and forth."""
    first(visits, order(1))
    endpoints.looks = 20
    visits.come(lambda ctx: bring(order(2), ctx))
    again = Visits(context=context(endpoints, objects, run="run-2"))
    again.nap(60)
    again.come(lambda ctx: bring(order(2), ctx))
    assert visits.come(lambda ctx: bring(order(2), ctx)) is None
    assert lease(visits).run == "run-2"
    assert again.until_done(lambda ctx: bring(order(2), ctx)).run == "run-2"
    assert visits.until_done(lambda ctx: bring(order(2), ctx)).run == "run-2"
    assert len(endpoints.asked("UpdateEndpoint")) == 1
    assert len(history(visits)) == 2


def test_an_update_that_was_rolled_back_during_a_nap_fails_and_is_not_begun_again(
    visits: Visits, endpoints: MemoryEndpoints
) -> None:
    first(visits, order(1))
    endpoints.broken[config(2, visits)] = UNHEALTHY
    endpoints.lines = ("ValueError: 31 columns",)
    visits.come(lambda ctx: bring(order(2), ctx))
    while not endpoints.present[ENDPOINT].steady:
        endpoints.describe(ENDPOINT)
    with pytest.raises(UserCodeFailedError, match=r"ping health check(.|\n)*31 columns"):
        visits.come(lambda ctx: bring(order(2), ctx))
    assert endpoints.asked("UpdateEndpoint") == [ENDPOINT]
    assert [entry.status for entry in history(visits)] == ["done", "failed"]
    assert lease(visits).released


def test_a_creation_that_failed_during_a_nap_is_not_begun_again(visits: Visits, endpoints: MemoryEndpoints) -> None:
    endpoints.broken[config(1, visits)] = UNHEALTHY
    with pytest.raises(UserCodeFailedError, match="ping health check"):
        visits.until_done(lambda ctx: bring(order(1), ctx))
    assert endpoints.asked("CreateEndpoint") == [ENDPOINT]
    assert endpoints.asked("DeleteEndpoint") == []


def test_scaling_that_an_earlier_visit_took_down_is_put_back(visits: Visits, endpoints: MemoryEndpoints) -> None:
    first(visits, order(1, endpoint={"instance": SCALED}))
    before = endpoints.targets[RESOURCE]
    other = order(1, endpoint={"instance": {**SCALED, "type": "ml.c5.large"}})
    endpoints.broken[other.desired(visits.context).name] = UNHEALTHY
    visits.come(lambda ctx: bring(other, ctx))
    assert RESOURCE not in endpoints.targets
    with pytest.raises(UserCodeFailedError):
        visits.until_done(lambda ctx: bring(other, ctx))
    assert endpoints.targets[RESOURCE] == before


def test_scaling_is_registered_again_by_the_visit_that_sees_the_end(visits: Visits, endpoints: MemoryEndpoints) -> None:
    first(visits, order(1, endpoint={"instance": SCALED}))
    other = order(1, endpoint={"instance": {**SCALED, "type": "ml.c5.large"}})
    visits.until_done(lambda ctx: bring(other, ctx))
    assert list(endpoints.targets[RESOURCE].policies) == ["tumour-invocations"]


def test_a_failed_endpoint_is_deleted_in_one_visit_and_created_in_another(
    visits: Visits, endpoints: MemoryEndpoints
) -> None:
    endpoints.broken[config(1, visits)] = UNHEALTHY
    with pytest.raises(UserCodeFailedError):
        first(visits, order(1))
    endpoints.writes.clear()
    assert visits.until_done(lambda ctx: bring(order(2), ctx)).status == "done"
    assert endpoints.asked("DeleteEndpoint") == endpoints.asked("CreateEndpoint") == [ENDPOINT]
    assert "endpoint tumour-qa is Deleting" in [leaving.progress for leaving in visits.left]
    assert len(told(visits, "warn")) == 1


def test_someone_else_s_change_is_not_waited_for_forever(visits: Visits, endpoints: MemoryEndpoints) -> None:
    first(visits, order(1))
    endpoints.looks = 10**9
    endpoints.change(ENDPOINT, config(1, visits))
    began = clock(visits).now()
    with pytest.raises(TemporaryError, match="not this run's"):
        visits.until_done(lambda ctx: bring(order(2), ctx))
    assert PATIENCE < clock(visits).now() - began < PATIENCE + timedelta(seconds=LONGEST_NAP)


def test_alarms_have_as_long_to_fall_silent_as_by_one_long_wait(visits: Visits, endpoints: MemoryEndpoints) -> None:
    first(visits, order(1, **GUARDED))
    endpoints.alarming.add("tumour-qa-errors")
    began = clock(visits).now()
    with pytest.raises(TemporaryError, match="off already and would undo the update at once: tumour-qa-errors"):
        visits.until_done(lambda ctx: bring(order(2, **GUARDED), ctx))
    assert clock(visits).now() - began < timedelta(minutes=10)
    assert endpoints.asked("UpdateEndpoint") == []


def test_what_differs_is_told_once_however_long_the_update_is_put_off(
    visits: Visits, endpoints: MemoryEndpoints
) -> None:
    first(visits, order(1, **GUARDED))
    first(visits, order(2, **GUARDED))
    endpoints.change(ENDPOINT, config(1, visits))
    endpoints.alarming.add("tumour-qa-errors")
    for _ in range(4):
        visits.come(lambda ctx: bring(order(3, **GUARDED), ctx))
    assert visits.left[-1].progress == "waiting for alarms to fall silent: tumour-qa-errors"
    endpoints.alarming.clear()
    visits.until_done(lambda ctx: bring(order(3, **GUARDED), ctx))
    (warning,) = told(visits, "warn")
    assert config(1, visits) in warning


def test_an_interruption_between_visits_is_noted_and_gives_the_lease_back(
    visits: Visits, endpoints: MemoryEndpoints
) -> None:
    first(visits, order(1))
    endpoints.looks = 20
    visits.come(lambda ctx: bring(order(2), ctx))
    clock(visits).interrupted = True
    written = list(endpoints.writes)
    with pytest.raises(InterruptedRunError):
        visits.come(lambda ctx: bring(order(2), ctx))
    assert [entry.status for entry in history(visits)] == ["done", "interrupted"]
    assert lease(visits).released
    assert endpoints.writes == written
    assert endpoints.present[ENDPOINT].pending_config == config(2, visits)


def test_a_deployment_that_was_done_when_the_interruption_came_is_done(
    visits: Visits, endpoints: MemoryEndpoints
) -> None:
    first(visits, order(1))
    visits.come(lambda ctx: bring(order(2), ctx))
    while not endpoints.present[ENDPOINT].steady:
        endpoints.describe(ENDPOINT)
    clock(visits).interrupted = True
    assert visits.come(lambda ctx: bring(order(2), ctx)) == history(visits)[-1]
    assert lease(visits).released


def test_who_was_interrupted_while_waiting_for_the_lease_leaves_nothing(visits: Visits, objects: MemoryObjects) -> None:
    visits.come(lambda ctx: bring(order(1), ctx))
    other = Visits(context=context(MemoryEndpoints(), objects, run="run-2", key="o" * 64))
    other.come(lambda ctx: bring(order(2), ctx))
    held = lease(visits)
    clock(other).interrupted = True
    with pytest.raises(InterruptedRunError):
        other.come(lambda ctx: bring(order(2), ctx))
    assert lease(visits) == held
    assert history(visits) == ()


def test_only_the_run_that_has_the_lease_needs_no_proof_again(visits: Visits, objects: MemoryObjects) -> None:
    assert not under_way(order(1), visits.next)
    visits.come(lambda ctx: bring(order(1), ctx))
    assert under_way(order(1), visits.next)
    assert not under_way(order(1), visits.context)
    other = Visits(context=context(MemoryEndpoints(), objects, run="run-2"), state=visits.state)
    assert not under_way(order(1), other.next)
    visits.nap(3600)
    assert not under_way(order(1), visits.next)


def test_a_state_cannot_bring_in_another_write(visits: Visits, endpoints: MemoryEndpoints) -> None:
    first(visits, order(1))
    visits.come(lambda ctx: bring(order(2), ctx))
    write = {"operation": "sagemaker:DeleteEndpoint", "resource": ENDPOINT, "account": "1", "request": {}}
    visits.state["deployment to qa"]["restore"] = [write]
    with pytest.raises(Exception, match=r"deployment to qa\.restore\.0\.operation"):
        visits.come(lambda ctx: bring(order(2), ctx))
    assert endpoints.asked("DeleteEndpoint") == []
