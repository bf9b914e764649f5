"""One job over many visits: started once, told once, explained as if somebody had stood beside it all the time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from agent.errors import AccessDeniedError, InterruptedRunError, TemporaryError, UserCodeFailedError
from agent.jobs.driver import complete
from agent.jobs.patience import BUDGET_SECONDS, CAPACITY_BUDGET_SECONDS
from agent.jobs.side_by_side import Task, side_by_side
from agent.ports.jobs import JobState, JobStatus, NoCapacityError
from agent.visit import ComeAgain
from tests.fakes import EPOCH, FakeClock, FakeJobs, job_state
from tests.unit.jobs.work import NAME, a_run, an_order, clock, told
from tests.visits import Visits

if TYPE_CHECKING:
    from agent.context import Context

CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."
SECOND = f"{NAME}-a2"


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs()


@pytest.fixture
def visits(jobs: FakeJobs) -> Visits:
    return Visits(context=a_run(jobs))


def running(name: str = NAME, phase: str = "Training") -> JobState:
    return job_state(name, JobStatus.IN_PROGRESS, phase=phase)


def failed(name: str = NAME, reason: str = "AlgorithmError: ValueError: no rows, exit code: 1") -> JobState:
    return job_state(name, JobStatus.FAILED, failure_reason=reason)


def created(jobs: FakeJobs) -> list[str]:
    return [request["TrainingJobName"] for request in jobs.created]


def drive(context: Context) -> JobState:
    return complete(an_order(), context.accounts.tools, context)


# --- to its end ----------------------------------------------------------------------------------------------------


def test_the_first_visit_starts_the_job_and_leaves(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [running(phase="Starting")]
    assert visits.come(drive) is None
    assert created(jobs) == [NAME]
    assert clock(visits.context).slept == []
    assert (visits.left[0].pause, visits.left[0].progress) == (10, f"training job {NAME}: InProgress, Starting")


@pytest.mark.parametrize("budget", [0, 5, 60])
def test_visits_come_to_what_one_long_wait_comes_to(jobs: FakeJobs, budget: float) -> None:
    jobs.lives[NAME] = [*[running()] * 40, job_state(NAME)]
    visits = Visits(context=a_run(jobs), budget=budget)
    assert visits.until_done(drive) == job_state(NAME)
    assert created(jobs) == [NAME]
    assert told(visits.context, "fact") == [f"started the training job {NAME}"]


def test_naps_grow_with_the_time_that_is_waited_over_all_visits(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [*[running()] * 60, job_state(NAME)]
    visits.until_done(drive)
    naps = [leaving.pause for leaving in visits.left]
    assert naps[0] == 10
    assert max(naps) == 300
    assert len([nap for nap in naps if nap > 200]) > 20


def test_every_line_is_told_once(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [*[running()] * 3, job_state(NAME)]
    jobs.logs[NAME] = [("epoch 1",), (), ("epoch 2", "epoch 3"), ("epoch 4",), ("epoch 5",)]
    visits.until_done(drive)
    assert told(visits.context, "log") == [f"epoch {number}" for number in range(1, 6)]


def test_a_job_that_completed_during_a_nap_tells_the_rest(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [running(), job_state(NAME)]
    visits.come(drive)
    jobs.logs[NAME] = [("the last words",)]
    assert visits.come(drive) == job_state(NAME)
    assert told(visits.context, "log") == ["the last words"]


def test_a_job_that_failed_during_a_nap_is_explained_and_not_tried_again(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [running(), failed()]
    visits.come(drive)
    with pytest.raises(UserCodeFailedError, match="ValueError: no rows"):
        visits.come(drive)
    assert created(jobs) == [NAME]


@pytest.mark.parametrize("shape", [(30, 5), (5, 5, 5, 5, 5, 1), (3,), (19, 1), (1, 20), (45, 0, 2)])
def test_a_failure_shows_the_last_lines_whoever_told_them(
    jobs: FakeJobs, visits: Visits, shape: tuple[int, ...]
) -> None:
    """A page of the log for each visit, the last one after the job has failed."""
    jobs.lives[NAME] = [*[running()] * (len(shape) - 1), failed()] if len(shape) > 1 else [running(), failed()]
    lines = iter(range(100))
    pages = [tuple(f"line {next(lines)}" for _ in range(count)) for count in shape]
    jobs.logs[NAME] = pages
    every = [line for page in pages for line in page]
    with pytest.raises(UserCodeFailedError) as caught:
        visits.until_done(drive)
    shown = [line.strip() for line in str(caught.value).splitlines() if line.startswith("  ")]
    assert shown[1:] == every[-20:]
    assert told(visits.context, "log") == every


def test_a_log_that_may_not_be_read_is_told_once(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [*[running()] * 4, job_state(NAME)]
    jobs.refusals["log"] = [AccessDeniedError("logs:GetLogEvents is denied") for _ in range(9)]
    visits.until_done(drive)
    assert told(visits.context, "warn") == ["the log cannot be shown: logs:GetLogEvents is denied"]


def test_what_is_adopted_is_told_once(jobs: FakeJobs, visits: Visits) -> None:
    jobs.has(NAME, failed())
    jobs.has(SECOND, *[running(SECOND)] * 5, job_state(SECOND))
    assert visits.until_done(drive).name == SECOND
    assert [fact.partition(" ")[0] for fact in told(visits.context, "fact")] == ["passed", "adopted"]


def test_another_run_s_stopping_job_is_awaited_over_visits(jobs: FakeJobs, visits: Visits) -> None:
    jobs.has(NAME, *[job_state(NAME, JobStatus.STOPPING)] * 30, job_state(NAME, JobStatus.STOPPED))
    assert visits.until_done(drive).name == SECOND
    assert created(jobs) == [SECOND]
    assert max(leaving.pause for leaving in visits.left) > 50


def test_a_busy_service_is_waited_for_within_the_visit(jobs: FakeJobs, visits: Visits) -> None:
    jobs.refusals["describe"] = [TemporaryError("Rate exceeded") for _ in range(4)]
    assert visits.come(drive) == job_state(NAME)


def test_a_service_that_stays_busy_fails_the_visit_for_a_retry(jobs: FakeJobs, visits: Visits) -> None:
    jobs.refusals["describe"] = [TemporaryError("Rate exceeded") for _ in range(1000)]
    with pytest.raises(TemporaryError, match="Rate exceeded"):
        visits.come(drive)
    assert sum(clock(visits.context).slept) <= BUDGET_SECONDS


# --- machines ------------------------------------------------------------------------------------------------------


def test_a_job_without_machines_is_followed_by_another_when_it_is_time(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[NAME] = [running(phase="Starting"), failed(reason=CAPACITY)]
    jobs.lives[SECOND] = [running(SECOND), job_state(SECOND)]
    visits.come(drive)
    assert visits.come(drive) is None
    assert created(jobs) == [NAME]
    assert visits.left[-1].progress == f"waiting for machines for {NAME}"
    assert visits.until_done(drive).name == SECOND
    assert created(jobs) == [NAME, SECOND]


def test_who_comes_too_early_does_not_try_too_early(jobs: FakeJobs, visits: Visits) -> None:
    for attempt in range(1, 30):
        jobs.lives[an_order().name(attempt)] = [failed(an_order().name(attempt), CAPACITY)]
    for _ in range(10):
        visits.come(drive)
        visits.nap(1 - visits.left[-1].pause)
    assert len(jobs.created) == 1


def test_machines_that_do_not_come_fail_after_few_jobs_and_half_an_hour(jobs: FakeJobs, visits: Visits) -> None:
    for attempt in range(1, 30):
        jobs.lives[an_order().name(attempt)] = [failed(an_order().name(attempt), CAPACITY)]
    with pytest.raises(NoCapacityError, match="AWS has no such machines free"):
        visits.until_done(drive)
    assert 5 < len(jobs.created) < 15
    waited = (clock(visits.context).now() - EPOCH).total_seconds()
    assert 0.7 * CAPACITY_BUDGET_SECONDS < waited < CAPACITY_BUDGET_SECONDS + 300
    assert len(told(visits.context, "warn")) == 1


def test_a_quota_that_stays_in_use_fails_after_half_an_hour(jobs: FakeJobs, visits: Visits) -> None:
    jobs.refusals["create"] = [NoCapacityError("the quota is in use") for _ in range(1000)]
    with pytest.raises(NoCapacityError, match="the quota is in use"):
        visits.until_done(drive)
    waited = (clock(visits.context).now() - EPOCH).total_seconds()
    assert 0.7 * CAPACITY_BUDGET_SECONDS < waited < CAPACITY_BUDGET_SECONDS + 300
    assert clock(visits.context).slept == []


def test_who_comes_too_early_does_not_ask_for_a_quota_too_early(jobs: FakeJobs, visits: Visits) -> None:
    jobs.refusals["create"] = [NoCapacityError("the quota is in use") for _ in range(1000)]
    visits.come(drive)
    for _ in range(10):
        visits.nap(0.01 - visits.left[-1].pause)
        visits.come(drive)
    assert len(jobs.refusals["create"]) == 999


def test_a_quota_that_is_free_again_is_taken(jobs: FakeJobs, visits: Visits) -> None:
    jobs.refusals["create"] = [NoCapacityError("the quota is in use") for _ in range(5)]
    assert visits.until_done(drive).name == NAME
    assert created(jobs) == [NAME]


# --- interruption --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [True, False])
def test_an_interruption_between_visits_stops_or_leaves_the_job(jobs: FakeJobs, *, stop: bool) -> None:
    jobs.lives[NAME] = [running()]
    visits = Visits(context=a_run(jobs, stop_jobs=stop))
    visits.come(drive)
    clock(visits.context).interrupted = True
    with pytest.raises(InterruptedRunError):
        visits.come(drive)
    assert jobs.stopped == ([NAME] if stop else [])
    assert created(jobs) == [NAME]


def test_an_interruption_after_a_lost_visit_finds_the_job_all_the_same(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [running()]
    visits = Visits(context=a_run(jobs, stop_jobs=True))
    visits.come(drive)
    visits.state = {}
    clock(visits.context).interrupted = True
    with pytest.raises(InterruptedRunError):
        visits.come(drive)
    assert jobs.stopped == [NAME]


# --- several at once -----------------------------------------------------------------------------------------------


def several(context: Context) -> list[JobState]:
    """Two jobs, ``a`` and ``b``."""
    orders = {name: replace(an_order(), key=name * 64) for name in ("a", "b")}
    tasks = [Task(name=name, work=partial(one, order)) for name, order in orders.items()]
    return side_by_side(tasks, context)


def one(order: object, context: Context) -> JobState:
    return complete(order, context.accounts.tools, context)  # type: ignore[arg-type]


A, B = "iris-train-aaaaaaaaaaaa", "iris-train-bbbbbbbbbbbb"


def test_jobs_side_by_side_are_visited_together(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[A] = [running(A), job_state(A)]
    jobs.lives[B] = [*[running(B)] * 4, job_state(B)]
    jobs.logs[A] = [("from a",)]
    assert [job.name for job in visits.until_done(several)] == [A, B]
    assert sorted(created(jobs)) == [A, B]
    assert told(visits.context, "log") == ["[a] from a"]
    assert (
        visits.left[0].progress
        == f"a: training job {A}: InProgress, Training; b: training job {B}: InProgress, Training"
    )
    assert visits.left[-1].progress == f"b: training job {B}: InProgress, Training"
    assert len(told(visits.context, "fact")) == 2


def test_a_failure_is_told_when_the_others_have_ended(jobs: FakeJobs, visits: Visits) -> None:
    jobs.lives[A] = [running(A), failed(A)]
    jobs.lives[B] = [*[running(B)] * 4, job_state(B)]
    with pytest.raises(UserCodeFailedError, match=r"^a: the training job .*\n(.*\n)*.*no rows"):
        visits.until_done(several)
    assert sorted(created(jobs)) == [A, B]
    assert len(visits.left) == 4


def test_who_had_left_already_is_put_in_order_when_the_interruption_comes() -> None:
    clock, seen = FakeClock(), []

    def left(context: Context) -> None:
        seen.append(clock.interrupted)
        context.clock.check()
        raise ComeAgain(10, "works")

    def late(context: Context) -> None:
        while not seen:
            pass
        clock.interrupted = True
        context.clock.check()

    context = replace(a_run(FakeJobs()), clock=clock)
    with pytest.raises(InterruptedRunError):
        side_by_side([Task(name="a", work=left), Task(name="b", work=late)], context)
    assert seen == [False, True]
