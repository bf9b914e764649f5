"""The lease of an environment: one holder at a time, taken over only from those who are gone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.errors import InterruptedRunError, TemporaryError
from agent.ledger.environments import Deployment, Environments
from agent.ledger.leases import LATENESS, LIFETIME, PATIENCE, EnvironmentLock, Lease, LeaseLostError, is_free
from agent.ledger.ledger import Ledger
from agent.visit import LONGEST_NAP
from tests.fakes import EPOCH, FakeClock, KeptReport, MemoryObjects
from tests.unit.ledger.interleaving import interleave

NAME = "environments/qa/lock.json"
SOON = timedelta(seconds=10)


def lock(objects: MemoryObjects, run: str = "run-1", key: str = "") -> EnvironmentLock:
    return EnvironmentLock(
        Ledger(objects, "bucket"),
        "qa",
        key=key or f"work of {run}",
        run=run,
        who="Ada",
        build_url=f"https://ci.example.com/{run}",
    )


def enter(held: EnvironmentLock, clock: FakeClock | None = None, **options: Any) -> None:
    held.enter(clock or FakeClock(), KeptReport(), **options)


def present(objects: MemoryObjects) -> Lease:
    return Ledger(objects, "bucket").expect(NAME, Lease)


def lease(run: str = "run-1", key: str = "a", **changes: Any) -> Lease:
    return Lease.model_validate(
        {"key": key, "run": run, "who": "Ada", "since": EPOCH, "expires": EPOCH + LIFETIME, **changes}
    )


@pytest.mark.parametrize(
    ("there", "reenter", "free"),
    [
        (None, False, True),
        (lease("other", released=True), False, True),
        (lease("other", expires=EPOCH), False, True),
        (lease("other", key="b"), True, False),
        (lease("other", key="a"), True, True),
        (lease("other", key="a"), False, False),
        (lease("run-1", key="a"), False, True),
        (lease("run-1", key="b"), True, False),
    ],
    ids=["nobody", "given-back", "ran-out", "other-work", "same-work", "same-work-looking-on", "own", "own-other-work"],
)
def test_when_a_lease_is_free(there: Lease | None, reenter: bool, free: bool) -> None:
    assert is_free(there, lease("run-1", key="a"), now=EPOCH, reenter=reenter) is free


def test_who_has_to_wait_is_told_who_is_there() -> None:
    objects = MemoryObjects()
    enter(lock(objects, "run-1"))
    clock, report = FakeClock(), KeptReport()
    with pytest.raises(TemporaryError, match=r"run run-1 of Ada since 2026-11-01 .*https://ci.example.com/run-1"):
        lock(objects, "run-2").enter(clock, report, patience=SOON)
    assert clock.now() - EPOCH >= SOON
    assert "run-1 of Ada" in report.of("doing")[0]


def test_who_waits_goes_on_when_the_lease_is_given_back() -> None:
    objects = MemoryObjects()
    first = lock(objects, "run-1")
    enter(first)

    class Meanwhile(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            first.leave(self)

    enter(lock(objects, "run-2"), Meanwhile())
    assert present(objects).run == "run-2"


def test_a_holder_that_gives_no_sign_of_life_is_replaced() -> None:
    objects = MemoryObjects()
    enter(lock(objects, "run-1"))
    clock = FakeClock()
    enter(lock(objects, "run-2"), clock)
    assert present(objects).run == "run-2"
    assert clock.now() - EPOCH >= LIFETIME


def deployed(run: str, ended: timedelta) -> Deployment:
    """The last thing that a run writes under its lease."""
    return Deployment(
        environment="qa",
        release="r",
        action="deploy",
        status="done",
        run=run,
        who="Ada",
        endpoint="e",
        config="c",
        settings="s",
        started=EPOCH,
        ended=EPOCH + ended,
    )


def test_a_holder_that_told_its_end_and_was_lost_before_it_left_is_replaced_at_once() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    enter(lock(objects, "run-1"), clock)
    Environments(Ledger(objects, "bucket")).add(deployed("run-1", SOON))
    enter(lock(objects, "run-2"), clock)
    assert present(objects).run == "run-2"
    assert clock.now() == EPOCH


@pytest.mark.parametrize(("run", "ended"), [("run-0", SOON), ("run-1", -SOON)], ids=["another run", "an earlier time"])
def test_what_others_did_or_a_holder_did_before_is_not_its_end(run: str, ended: timedelta) -> None:
    objects = MemoryObjects()
    enter(lock(objects, "run-1"))
    Environments(Ledger(objects, "bucket")).add(deployed(run, ended))
    with pytest.raises(TemporaryError, match="run-1"):
        enter(lock(objects, "run-2"), patience=SOON)


def test_a_sign_of_life_keeps_the_lease() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    held = lock(objects)
    enter(held, clock)
    for _ in range(20):
        clock.sleep(LIFETIME.total_seconds() / 3)
        held.renew(clock)
    assert present(objects).expires > clock.now()
    assert present(objects).since == EPOCH


def test_a_lease_outlasts_the_longest_nap_and_an_agent_that_is_late() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    held = lock(objects)
    enter(held, clock)
    held.keep(clock, LONGEST_NAP)
    clock.sleep(LONGEST_NAP + LATENESS.total_seconds() - 1)
    with pytest.raises(TemporaryError):
        enter(lock(objects, "run-2"), clock, patience=timedelta(0))
    assert lock(objects).has_it(clock)
    enter(lock(objects), clock, patience=timedelta(0))
    assert present(objects).since == EPOCH


def test_a_lease_that_is_kept_for_a_visit_that_never_comes_is_taken_within_the_patience_of_others() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    held = lock(objects)
    enter(held, clock)
    held.keep(clock, LONGEST_NAP)
    assert timedelta(seconds=LONGEST_NAP) + LATENESS < PATIENCE
    enter(lock(objects, "run-2"), clock)
    assert present(objects).run == "run-2"


def test_who_enters_again_hears_whether_it_had_the_lease_all_the_time() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    entered = [lock(objects, run).enter(clock, KeptReport()) for run in ("run-1", "run-1")]
    lock(objects, "run-1").enter(clock, KeptReport())
    clock.sleep(LIFETIME.total_seconds())
    entered += [lock(objects, run).enter(clock, KeptReport(), patience=timedelta(days=1)) for run in ("run-2", "run-1")]
    assert entered == [False, True, False, False]


def test_a_lease_that_was_taken_over_cannot_be_kept() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    first, second = lock(objects, "run-1", key="same"), lock(objects, "run-2", key="same")
    enter(first, clock)
    enter(second, clock)
    with pytest.raises(LeaseLostError):
        first.keep(clock, 10)


def test_signs_of_life_are_written_only_now_and_then() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    held = lock(objects)
    enter(held, clock)
    written = len(objects.made("PutObject"))
    for _ in range(60):
        clock.sleep(1)
        held.renew(clock)
    assert len(objects.made("PutObject")) == written


def test_a_lost_agent_s_own_work_goes_on_at_once() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    enter(lock(objects, "run-1", key="the same work"))
    enter(lock(objects, "run-2", key="the same work"), clock)
    assert clock.slept == []
    assert present(objects).run == "run-2"


def test_who_was_replaced_notices_before_the_next_change() -> None:
    objects, clock = MemoryObjects(), FakeClock()
    first, second = lock(objects, "run-1", key="same"), lock(objects, "run-2", key="same")
    enter(first, clock)
    enter(second, clock)
    with pytest.raises(LeaseLostError, match="taken over by run run-2"):
        first.renew(clock)
    first.leave(clock)
    assert not present(objects).released
    second.renew(clock)


def test_a_run_that_is_to_end_does_not_wait_on() -> None:
    objects = MemoryObjects()
    enter(lock(objects, "run-1"))
    with pytest.raises(InterruptedRunError):
        enter(lock(objects, "run-2"), FakeClock(interrupted=True))


def test_a_lease_whose_answer_was_lost_is_held() -> None:
    """S3 has written it, but the repetition of the request is refused."""
    objects = MemoryObjects()

    def lose_the_answer(bucket: str, key: str, body: bytes) -> bool:
        MemoryObjects.create(objects, bucket, key, body)
        return False

    objects.create = lose_the_answer  # type: ignore[method-assign]
    enter(lock(objects), patience=timedelta(0))
    assert present(objects).run == "run-1"


def work(objects: MemoryObjects, inside: list[str], seen: list[int], run: str) -> bool:
    """Whether a run got the lease within no time; while it has it, it says so."""
    held, clock = lock(objects, run), FakeClock()
    try:
        enter(held, clock, patience=timedelta(0))
    except TemporaryError:
        return False
    inside.append(run)
    seen.append(len(inside))
    held.renew(clock)
    inside.remove(run)
    held.leave(clock)
    return True


@settings(deadline=None, max_examples=100)
@given(order=some.lists(some.integers(0, 2), max_size=40))
def test_no_two_runs_ever_have_the_lease_at_once(order: list[int]) -> None:
    objects, inside, seen = MemoryObjects(), [], []  # type: ignore[var-annotated]
    runs = [partial(work, objects, inside, seen, f"run-{number}") for number in range(3)]
    got = interleave(objects, runs, order)
    assert any(got)
    assert set(seen) == {1}
