"""A training job's history: what DescribeTrainingJob tells of it, from its first transition to its bill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.cloud.sagemaker.cluster import Cut
from agent.cloud.sagemaker.jobs import INTERNAL_ERROR, JobStatus, shortened
from agent.cloud.sagemaker.training import warm_pool
from agent.cloud.sagemaker.training_files import algorithm_failure
from agent.cloud.sagemaker.training_run import Again, End, after_cut
from agent.cloud.sagemaker.training_state import (
    Secondary,
    TrainingJob,
    attempt_begun,
    attempt_over,
    described,
    ended,
    moved,
)
from agent.runtime.container import Exit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def job(**request: Any) -> TrainingJob:
    made = TrainingJob(
        account="111111111111",
        region="us-east-1",
        name="job",
        arn="arn:aws:sagemaker:us-east-1:111111111111:training-job/job",
        created=NOON,
        modified=NOON,
        request=request,
    )
    return changed(made, moved(made, Secondary.STARTING, NOON))


def changed(before: TrainingJob, members: dict[str, Any]) -> TrainingJob:
    return before.model_copy(update=members)


def history(of: TrainingJob) -> list[tuple[str, float, float | None]]:
    return [
        (t.status.value, (t.start - NOON).total_seconds(), (t.end - NOON).total_seconds() if t.end else None)
        for t in of.transitions
    ]


# --- transitions ---------------------------------------------------------------------------------------------------


def test_a_new_secondary_status_closes_the_one_before() -> None:
    downloading = changed(job(), moved(job(), Secondary.DOWNLOADING, at(5)))
    assert downloading.secondary is Secondary.DOWNLOADING
    assert history(downloading) == [("Starting", 0, 5), ("Downloading", 5, None)]


def test_the_same_secondary_status_again_changes_only_its_message() -> None:
    preparing = changed(job(), moved(job(), Secondary.STARTING, at(5), "Preparing the instances for training"))
    assert history(preparing) == [("Starting", 0, None)]
    assert preparing.transitions[-1].message == "Preparing the instances for training"


@pytest.mark.parametrize(
    ("secondary", "status"),
    [
        (Secondary.COMPLETED, JobStatus.COMPLETED),
        (Secondary.FAILED, JobStatus.FAILED),
        (Secondary.STOPPED, JobStatus.STOPPED),
        (Secondary.MAX_RUNTIME_EXCEEDED, JobStatus.STOPPED),
        (Secondary.MAX_WAIT_TIME_EXCEEDED, JobStatus.STOPPED),
    ],
)
def test_every_end_has_its_status_and_no_open_transition(secondary: Secondary, status: JobStatus) -> None:
    over = changed(job(), ended(job(), secondary, at(9)))
    assert (over.status, over.secondary, over.over) == (status, secondary, True)
    assert history(over)[-1] == (secondary.value, 9, 9)


def test_a_long_failure_reason_is_cut_to_what_aws_shows() -> None:
    over = changed(job(), ended(job(), Secondary.FAILED, at(1), "x" * 5000))
    assert over.failure == shortened("x" * 5000)
    assert len(over.failure or "") == 1024


def test_a_long_explanation_of_an_algorithm_leaves_room_for_its_exit_code() -> None:
    reason = algorithm_failure("x" * 2000, Exit(code=7))
    assert len(reason) == 1024
    assert reason.startswith("AlgorithmError: xxx")
    assert reason.endswith("xxx, exit code: 7")


def test_running_out_of_memory_is_named() -> None:
    reason = algorithm_failure("", Exit(code=137, signal=9, out_of_memory=True))
    assert reason.startswith("ClientError: Please use an instance type with more memory")
    assert reason.endswith(", exit code: 137")


# --- time and billing ----------------------------------------------------------------------------------------------


def run(before: TrainingJob, start: float, end: float) -> TrainingJob:
    """One attempt of a job."""
    running = changed(before, attempt_begun(before, at(start)))
    return changed(running, attempt_over(running, at(end)))


def finished(before: TrainingJob, seconds: float) -> dict[str, Any]:
    return described(changed(before, ended(before, Secondary.COMPLETED, at(seconds))))


def test_an_on_demand_job_is_billed_from_its_start_to_its_end() -> None:
    answer = finished(run(job(), 10, 40), 40)
    assert (answer["TrainingStartTime"], answer["TrainingEndTime"]) == (at(10), at(40))
    assert (answer["TrainingTimeInSeconds"], answer["BillableTimeInSeconds"]) == (30, 30)


def test_a_spot_job_is_not_billed_between_its_attempts() -> None:
    answer = finished(run(run(job(EnableManagedSpotTraining=True), 10, 30), 100, 110), 110)
    assert (answer["TrainingTimeInSeconds"], answer["BillableTimeInSeconds"]) == (100, 30)


def test_a_job_that_never_ran_is_not_billed() -> None:
    answer = described(changed(job(), ended(job(), Secondary.FAILED, at(3), "ClientError: no")))
    assert "BillableTimeInSeconds" not in answer
    assert answer["TrainingStartTime"] is None
    assert answer["TrainingEndTime"] is None


def test_less_than_a_second_is_billed_as_one() -> None:
    assert finished(run(job(), 0, 0.2), 0.2)["BillableTimeInSeconds"] == 1


# --- what becomes of a job that is ended from outside --------------------------------------------------------------


@pytest.mark.parametrize(
    ("cut", "status"),
    [
        (Cut.STOP, Secondary.STOPPED),
        (Cut.MAX_RUNTIME, Secondary.MAX_RUNTIME_EXCEEDED),
        (Cut.MAX_WAIT, Secondary.MAX_WAIT_TIME_EXCEEDED),
    ],
)
def test_limits_and_requests_end_a_job_without_a_failure(cut: Cut, status: Secondary) -> None:
    assert after_cut(job(EnableManagedSpotTraining=True), cut) == End(status=status)


def test_an_interruption_restarts_a_spot_job() -> None:
    assert after_cut(job(EnableManagedSpotTraining=True), Cut.INTERRUPTION) == Again(interrupted=True)


@pytest.mark.parametrize("cut", [Cut.INTERRUPTION, Cut.FAILURE])
def test_the_loss_of_a_host_fails_a_job_that_has_no_retries(cut: Cut) -> None:
    assert after_cut(job(), cut) == End(status=Secondary.FAILED, failure=INTERNAL_ERROR)


def test_the_loss_of_a_host_is_retried_as_often_as_asked() -> None:
    asked = job(RetryStrategy={"MaximumRetryAttempts": 2})
    outcomes = [after_cut(changed(asked, {"retries": retries}), Cut.FAILURE) for retries in range(3)]
    again = Again(interrupted=False)
    assert outcomes == [again, again, End(status=Secondary.FAILED, failure=INTERNAL_ERROR)]


# --- warm pools ----------------------------------------------------------------------------------------------------

KEPT = {"ResourceConfig": {"KeepAlivePeriodInSeconds": 600}}


def test_a_job_that_keeps_nothing_has_no_warm_pool() -> None:
    assert warm_pool(job(ResourceConfig={}), NOON) is None


def test_a_warm_pool_is_in_use_while_its_job_runs() -> None:
    assert warm_pool(job(**KEPT), NOON) == {"Status": "InUse"}


@pytest.mark.parametrize(
    ("seconds", "status", "retained"), [(0, "Available", 0), (599, "Available", 599), (5000, "Terminated", 600)]
)
def test_a_warm_pool_is_there_for_as_long_as_was_asked(seconds: float, status: str, retained: int) -> None:
    over = changed(job(**KEPT), ended(job(**KEPT), Secondary.COMPLETED, NOON))
    assert warm_pool(over, at(seconds)) == {"Status": status, "ResourceRetainedBillableTimeInSeconds": retained}


def test_a_failed_job_keeps_no_warm_pool() -> None:
    over = changed(job(**KEPT), ended(job(**KEPT), Secondary.FAILED, NOON))
    assert warm_pool(over, at(1)) == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 0}
