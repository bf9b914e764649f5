"""A visit waits as long as it may, then says when to come again; what it knows goes through JSON."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.errors import InterruptedRunError, ModelyardError, UsageError
from agent.visit import LONGEST_NAP, ComeAgain, Note, Since, Visit, nap, together
from tests.fakes import EPOCH, FakeClock


class Word(Note):
    said: str
    often: int = 1


def rest(visit: Visit, clock: FakeClock, seconds: float) -> None:
    visit.rest(clock, seconds, "the job works", since=EPOCH)


@given(waited=some.floats(0, 1e6), chance=some.floats(0, 1))
def test_a_nap_is_a_fifth_of_the_waited_time_within_limits(waited: float, chance: float) -> None:
    fitting = min(max(waited / 5, 10), 300)
    assert 10 <= nap(waited, chance) <= 300
    assert 0.8 * fitting - 1 <= nap(waited, chance) <= 1.2 * fitting + 1


def test_naps_are_spread_lightly() -> None:
    assert {nap(500, chance) for chance in (0, 0.5, 1)} == {80, 100, 120}


@pytest.mark.parametrize(("least", "expected"), [(0, 10), (12.2, 13), (299.5, 300), (4000, LONGEST_NAP)])
def test_a_nap_lasts_until_there_is_something_to_do(least: float, expected: int) -> None:
    assert nap(0, 0.5, least=least) == expected


def test_without_a_budget_every_wait_is_waited_to_its_end() -> None:
    clock = FakeClock()
    rest(Visit(), clock, 5000)
    rest(Visit(state={"known": {}}), clock, 5000)
    assert clock.slept == [5000, 5000]


def test_a_visit_of_no_time_leaves_at_once() -> None:
    clock = FakeClock()
    with pytest.raises(ComeAgain) as leaving:
        rest(Visit(budget=0), clock, 1)
    assert (clock.slept, leaving.value.progress, leaving.value.pause) == ([], "the job works", 10)


def test_a_visit_waits_for_its_whole_budget_and_looks_once_more() -> None:
    clock, visit = FakeClock(), Visit(budget=30)
    for _ in range(3):
        rest(visit, clock, 12)
    assert clock.slept == [12, 12, 6]
    with pytest.raises(ComeAgain):
        rest(visit, clock, 12)
    assert sum(clock.slept) == 30


def test_the_budget_begins_with_the_first_wait() -> None:
    clock, visit = FakeClock(), Visit(budget=30)
    clock.time += timedelta(seconds=100)
    rest(visit, clock, 12)
    assert clock.slept == [12]


def test_to_leave_is_no_failure() -> None:
    assert not issubclass(ComeAgain, Exception | ModelyardError)


def test_a_run_that_is_to_end_ends_rather_than_come_again() -> None:
    with pytest.raises(InterruptedRunError):
        rest(Visit(budget=0), FakeClock(interrupted=True), 1)


def test_what_is_known_goes_on_through_json() -> None:
    visit = Visit(budget=0)
    visit.remember("a", Word(said="hello"))
    visit.remember("b", Word(said="bye", often=2))
    visit.forget("b")
    began = visit.since("the end", EPOCH)
    later = Visit(budget=0, state=json.loads(json.dumps(visit.state)))
    assert visit.state.keys() == {"a", "the end"}
    assert later.recall("a", Word) == Word(said="hello")
    assert later.recall("b", Word) is None
    assert later.since("the end", EPOCH + timedelta(hours=1)) == began == EPOCH
    assert later.state == visit.state


def test_what_nobody_asks_for_is_handed_on() -> None:
    assert Visit(state={"of a newer one": {"x": [1]}}).state == {"of a newer one": {"x": [1]}}


@pytest.mark.parametrize(
    "state", [{"a": {"at": "yesterday"}}, {"a": 3}, {"a": {}}, {"a": {"at": "2026-01-01T00:00:00"}}]
)
def test_a_state_that_no_visit_left_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"the request's state is not what the visit before answered: a"):
        Visit(state=state).recall("a", Since)


def test_a_first_visit_after_all_knows_nothing() -> None:
    visit = Visit(state={"a": {"said": "hello"}})
    assert visit.resumed
    visit.clear()
    assert not visit.resumed
    assert visit.recall("a", Word) is None
    assert not Visit(state={}).resumed


def test_several_waits_are_one_that_is_over_with_the_first() -> None:
    both = together([("a", ComeAgain(30, "trains")), ("b", ComeAgain(20, "starts"))])
    assert (both.pause, both.progress) == (20, "a: trains; b: starts")
