"""Waits grow, part from each other, and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import CloudFailedError, TemporaryError
from agent.jobs.patience import (
    BUDGET_SECONDS,
    CAPACITY_BUDGET_SECONDS,
    CAPACITY_PACE,
    SERVICE_PACE,
    Pace,
    Patience,
    look_pause,
    retry_pause,
)
from agent.ports.jobs import NoCapacityError
from tests.fakes import FakeClock, KeptReport

chances = st.floats(min_value=0, max_value=1)


class Failing:
    """Work that fails so often before it succeeds."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times = times
        self.error = error

    def __call__(self) -> str:
        self.times -= 1
        if self.times >= 0:
            raise self.error
        return "done"


def patience(clock: FakeClock, pace: Pace = SERVICE_PACE) -> Patience:
    return Patience(clock, KeptReport(), "a seed", pace)


@given(chance=chances, waited=st.floats(min_value=0, max_value=30 * 24 * 3600))
def test_a_look_comes_within_limits(chance: float, waited: float) -> None:
    assert 0.15 < look_pause(waited, chance) < 18.1


def test_a_quick_job_is_looked_at_often_and_a_long_one_four_times_a_minute() -> None:
    assert look_pause(0, 0.5) == pytest.approx(0.2)
    assert look_pause(10, 0.5) == pytest.approx(2)
    assert look_pause(3600, 0.5) == pytest.approx(15)


@given(chance=chances, tries=st.integers(min_value=1, max_value=10_000))
def test_a_retry_comes_within_the_longest_pause(chance: float, tries: int) -> None:
    assert 0.5 <= retry_pause(SERVICE_PACE, tries, chance) <= SERVICE_PACE.longest


def test_what_fails_for_a_while_succeeds_in_the_end() -> None:
    clock = FakeClock()
    assert patience(clock).insist(Failing(4, TemporaryError("busy"))) == "done"
    assert len(clock.slept) == 4
    assert clock.slept[3] > clock.slept[0]


def test_what_fails_for_good_is_not_tried_again() -> None:
    clock = FakeClock()
    with pytest.raises(CloudFailedError):
        patience(clock).insist(Failing(1, CloudFailedError("broken")))
    assert clock.slept == []


@pytest.mark.parametrize(
    ("error", "pace", "budget"),
    [
        (TemporaryError("busy"), SERVICE_PACE, BUDGET_SECONDS),
        (NoCapacityError("full"), SERVICE_PACE, CAPACITY_BUDGET_SECONDS),
        (NoCapacityError("full"), CAPACITY_PACE, CAPACITY_BUDGET_SECONDS),
    ],
)
def test_patience_ends_with_its_budget(error: TemporaryError, pace: Pace, budget: float) -> None:
    clock = FakeClock()
    with pytest.raises(TemporaryError) as caught:
        patience(clock, pace).insist(Failing(10_000, error))
    assert caught.value is error
    assert budget - pace.longest <= sum(clock.slept) <= budget


def test_a_success_gives_the_whole_budget_back() -> None:
    clock = FakeClock()
    willing = patience(clock)
    for _ in range(100):
        assert willing.insist(Failing(3, TemporaryError("busy"))) == "done"
    assert sum(clock.slept) > BUDGET_SECONDS


def test_a_failure_is_told_once() -> None:
    report = KeptReport()
    Patience(FakeClock(), report, "", SERVICE_PACE).insist(Failing(5, TemporaryError("S3 is busy")))
    assert report.of("warn") == ["S3 is busy; trying again for up to 5 minutes"]


def test_two_runs_part_although_they_began_together() -> None:
    first, second = FakeClock(), FakeClock()
    for clock, seed in ((first, "run-1 job"), (second, "run-2 job")):
        Patience(clock, KeptReport(), seed, SERVICE_PACE).insist(Failing(3, TemporaryError("busy")))
    assert first.slept != second.slept
