"""One job for one content: adopted wherever it stands, watched to its end, and never started twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    InterruptedRunError,
    TemporaryError,
    UserCodeFailedError,
)
from agent.jobs.attempts import MOST_ATTEMPTS
from agent.jobs.driver import complete
from agent.jobs.patience import CAPACITY_BUDGET_SECONDS
from agent.ports.jobs import JobState, JobStatus, NoCapacityError
from tests.fakes import FakeJobs, job_state
from tests.unit.jobs.work import NAME, a_run, an_order, clock, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.ports.jobs import JobKind

CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."
SECOND = f"{NAME}-a2"


class Lagging(FakeJobs):
    """Jobs that are seen from the fourth look on."""

    looks = 0

    def describe(self, kind: JobKind, name: str) -> JobState | None:
        self.looks += 1
        return None if self.looks < 4 else super().describe(kind, name)


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs()


def running(name: str = NAME, phase: str = "Training") -> JobState:
    return job_state(name, JobStatus.IN_PROGRESS, phase=phase)


def failed(name: str = NAME, reason: str = "AlgorithmError: ValueError: no rows, exit code: 1") -> JobState:
    return job_state(name, JobStatus.FAILED, failure_reason=reason)


def created(jobs: FakeJobs) -> list[str]:
    return [request["TrainingJobName"] for request in jobs.created]


def drive(jobs: FakeJobs) -> JobState:
    context = a_run(jobs)
    return complete(an_order(), context.accounts.tools, context)


def test_a_job_is_started_and_watched_to_its_end(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [running(phase="Starting"), running(), job_state(NAME)]
    context = a_run(jobs)
    assert complete(an_order(), context.accounts.tools, context) == job_state(NAME)
    assert created(jobs) == [NAME]
    assert told(context, "fact") == [f"started the training job {NAME}"]
    assert told(context, "doing") == [
        f"training job {NAME}: {phase}" for phase in ("Starting", "Training", "Completed")
    ]


@pytest.mark.parametrize("status", [JobStatus.IN_PROGRESS, JobStatus.COMPLETED])
def test_what_runs_or_ran_is_adopted(jobs: FakeJobs, status: JobStatus) -> None:
    jobs.has(NAME, job_state(NAME, status), job_state(NAME))
    context = a_run(jobs)
    assert complete(an_order(), context.accounts.tools, context).status is JobStatus.COMPLETED
    assert created(jobs) == []
    assert told(context, "fact") == [f"adopted the training job {NAME}: {status}"]


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.STOPPED])
def test_what_failed_before_is_followed_by_another_attempt(jobs: FakeJobs, status: JobStatus) -> None:
    jobs.has(NAME, job_state(NAME, status, failure_reason="AlgorithmError: old"))
    assert drive(jobs).name == SECOND
    assert created(jobs) == [SECOND]


def test_what_fails_now_is_not_tried_again(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [running(), failed()]
    with pytest.raises(UserCodeFailedError, match="ValueError: no rows"):
        drive(jobs)
    assert created(jobs) == [NAME]


def test_a_job_that_is_stopping_is_awaited_first(jobs: FakeJobs) -> None:
    stopping = job_state(NAME, JobStatus.STOPPING)
    jobs.has(NAME, stopping, stopping, job_state(NAME, JobStatus.STOPPED))
    assert drive(jobs).name == SECOND


def test_a_job_that_completes_although_it_was_to_stop_is_adopted(jobs: FakeJobs) -> None:
    jobs.has(NAME, job_state(NAME, JobStatus.STOPPING), job_state(NAME))
    assert drive(jobs).name == NAME
    assert created(jobs) == []


def test_a_completed_job_whose_output_is_gone_is_followed_by_another(jobs: FakeJobs) -> None:
    jobs.has(NAME, job_state(NAME))
    context = a_run(jobs)
    order = an_order(kept=lambda job: job.name != NAME)
    assert complete(order, context.accounts.tools, context).name == SECOND
    assert told(context, "fact")[0] == f"passed over the training job {NAME}: it completed, but its output is gone"


def test_somebody_who_was_faster_has_the_job(jobs: FakeJobs) -> None:
    """Between looking and starting another build starts it: that one's job is as good."""
    jobs.lives[NAME] = [running(), job_state(NAME)]
    context = a_run(jobs)
    order = an_order()

    def request(name: str) -> Mapping[str, Any]:
        jobs.there.add(name)
        return order.request(name)

    assert complete(replace(order, request=request), context.accounts.tools, context).name == NAME
    assert created(jobs) == []
    assert told(context, "fact") == [f"adopted the training job {NAME}"]


def test_attempts_end(jobs: FakeJobs) -> None:
    for attempt in range(1, MOST_ATTEMPTS + 1):
        name = an_order().name(attempt)
        jobs.has(name, failed(name))
    with pytest.raises(CloudFailedError, match=f"{MOST_ATTEMPTS} attempts .* came to nothing"):
        drive(jobs)


def test_a_job_that_is_not_shown_yet_is_awaited(jobs: FakeJobs) -> None:
    """AWS's answers may lag behind: a job that was started is not started again because it is not seen."""

    lagging = Lagging()
    assert drive(lagging).name == NAME
    assert created(lagging) == [NAME]


# --- the log -------------------------------------------------------------------------------------------------------


def test_the_log_is_handed_on_as_it_comes(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [running(), running(), job_state(NAME)]
    jobs.logs[NAME] = [("epoch 1",), ("epoch 2", "epoch 3")]
    context = a_run(jobs)
    complete(an_order(), context.accounts.tools, context)
    assert told(context, "log") == ["epoch 1", "epoch 2", "epoch 3"]


def test_the_end_of_a_long_log_is_shown_with_the_failure(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [failed()]
    jobs.logs[NAME] = [tuple(f"line {number}" for number in range(50)), ("the last line",)]
    with pytest.raises(UserCodeFailedError) as caught:
        drive(jobs)
    shown = [line.strip() for line in str(caught.value).splitlines() if line.startswith("  ")]
    assert shown[1:] == [*(f"line {number}" for number in range(31, 50)), "the last line"]


def test_a_log_that_may_not_be_read_is_told_once_and_stops_nothing(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [running(), running(), job_state(NAME)]
    jobs.refusals["log"] = [AccessDeniedError("logs:GetLogEvents is denied") for _ in range(3)]
    context = a_run(jobs)
    complete(an_order(), context.accounts.tools, context)
    assert told(context, "warn") == ["the log cannot be shown: logs:GetLogEvents is denied"]


# --- interruption --------------------------------------------------------------------------------------------------


def interrupted_run(jobs: FakeJobs, *, stop_jobs: bool) -> list[str]:
    """What a run says that is interrupted in its first wait."""
    context = a_run(jobs, stop_jobs=stop_jobs)
    clock(context).interrupted = True
    with pytest.raises(InterruptedRunError):
        complete(an_order(), context.accounts.tools, context)
    return told(context, "fact") + told(context, "warn")


def test_an_interruption_leaves_the_job_to_the_next_build(jobs: FakeJobs) -> None:
    jobs.has(NAME, running())
    said = interrupted_run(jobs, stop_jobs=False)
    assert said[-1] == f"left for the next build to adopt: the training job {NAME}"
    assert jobs.stopped == []


def test_an_interruption_stops_the_job_once_where_that_is_wanted(jobs: FakeJobs) -> None:
    jobs.has(NAME, running())
    said = interrupted_run(jobs, stop_jobs=True)
    assert said[-1] == f"stopping: the training job {NAME}"
    assert jobs.stopped == [NAME]


def test_nothing_is_started_after_an_interruption(jobs: FakeJobs) -> None:
    assert interrupted_run(jobs, stop_jobs=True) == []
    assert created(jobs) == []


def test_a_job_that_is_over_is_not_stopped(jobs: FakeJobs) -> None:
    jobs.has(NAME, running(), job_state(NAME))
    interrupted_run(jobs, stop_jobs=True)
    assert jobs.stopped == []


def test_a_job_that_cannot_be_stopped_is_told(jobs: FakeJobs) -> None:
    jobs.has(NAME, running())
    jobs.refusals["stop"] = [AccessDeniedError("sagemaker:StopTrainingJob is denied")]
    said = interrupted_run(jobs, stop_jobs=True)
    assert said[-1] == f"the training job {NAME} may still be running: sagemaker:StopTrainingJob is denied"


def test_another_s_stopping_job_is_not_stopped_again(jobs: FakeJobs) -> None:
    jobs.has(NAME, job_state(NAME, JobStatus.STOPPING))
    interrupted_run(jobs, stop_jobs=True)
    assert jobs.stopped == []


# --- busy services and machines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["describe", "create"])
def test_a_busy_service_is_asked_again(jobs: FakeJobs, operation: str) -> None:
    jobs.refusals[operation] = [TemporaryError("Rate exceeded") for _ in range(5)]
    assert drive(jobs).name == NAME
    assert created(jobs) == [NAME]


def test_a_denial_is_not_asked_again(jobs: FakeJobs) -> None:
    jobs.refusals["create"] = [AccessDeniedError("sagemaker:CreateTrainingJob is denied")]
    with pytest.raises(AccessDeniedError):
        drive(jobs)


def test_a_job_without_machines_is_followed_by_another_after_a_while(jobs: FakeJobs) -> None:
    jobs.lives[NAME] = [failed(reason=CAPACITY)]
    context = a_run(jobs)
    assert complete(an_order(), context.accounts.tools, context).name == SECOND
    assert sum(clock(context).slept) > 5


def test_machines_that_do_not_come_are_a_temporary_failure_after_few_jobs(jobs: FakeJobs) -> None:
    for attempt in range(1, 30):
        name = an_order().name(attempt)
        jobs.lives[name] = [failed(name, CAPACITY)]
    with pytest.raises(NoCapacityError, match="AWS has no such machines free"):
        drive(jobs)
    assert 5 < len(jobs.created) < 15


def test_a_quota_that_stays_in_use_is_a_temporary_failure_within_the_budget(jobs: FakeJobs) -> None:
    jobs.refusals["create"] = [NoCapacityError("the quota is in use") for _ in range(1000)]
    context = a_run(jobs)
    with pytest.raises(NoCapacityError, match="the quota is in use"):
        complete(an_order(), context.accounts.tools, context)
    assert sum(clock(context).slept) <= CAPACITY_BUDGET_SECONDS
