"""A plan looks and writes nothing: the job that would be started, or none where one would be adopted."""

from __future__ import annotations

import pytest

from agent.jobs.foresight import foresee
from agent.ports.jobs import JobStatus
from tests.fakes import FakeAccount, FakeJobs, job_state
from tests.unit.jobs.work import NAME, an_order


def foreseen(jobs: FakeJobs) -> list[tuple[str, str, str]]:
    actions = foresee(an_order(), FakeAccount(region="eu-central-1", jobs=jobs))
    assert jobs.created == []
    return [(action.operation, action.resource, action.note) for action in actions]


def test_a_new_job_is_foreseen_by_its_arn() -> None:
    arn = f"arn:aws:sagemaker:eu-central-1:111111111111:training-job/{NAME}"
    assert foreseen(FakeJobs()) == [("sagemaker:CreateTrainingJob", arn, "")]


@pytest.mark.parametrize("status", [JobStatus.IN_PROGRESS, JobStatus.COMPLETED])
def test_an_adopted_job_writes_nothing(status: JobStatus) -> None:
    jobs = FakeJobs()
    jobs.has(NAME, job_state(NAME, status))
    assert foreseen(jobs) == []


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.STOPPED, JobStatus.STOPPING])
def test_after_a_failure_the_next_attempt_is_foreseen(status: JobStatus) -> None:
    jobs = FakeJobs()
    jobs.has(NAME, job_state(NAME, status))
    ((_, resource, note),) = foreseen(jobs)
    assert resource.endswith(f"{NAME}-a2")
    assert note == "attempt 2: the one before did not complete"
