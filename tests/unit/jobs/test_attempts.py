"""What becomes of an attempt follows from how it stands."""

from __future__ import annotations

import pytest

from agent.jobs.attempts import Move, move
from agent.ports.jobs import JobStatus
from tests.fakes import job_state


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (JobStatus.IN_PROGRESS, Move.ADOPT),
        (JobStatus.COMPLETED, Move.ADOPT),
        (JobStatus.STOPPING, Move.AWAIT_END),
        (JobStatus.FAILED, Move.SKIP),
        (JobStatus.STOPPED, Move.SKIP),
    ],
)
def test_every_status_has_its_move(status: JobStatus, expected: Move) -> None:
    assert move(job_state("job", status), lambda _: True) is expected


def test_an_attempt_that_was_never_made_is_made() -> None:
    assert move(None, lambda _: True) is Move.CREATE


def test_a_completed_job_without_its_output_is_no_use() -> None:
    assert move(job_state("job"), lambda _: False) is Move.SKIP


def test_the_output_of_a_running_job_is_not_asked_for() -> None:
    assert move(job_state("job", JobStatus.IN_PROGRESS), lambda _: False) is Move.ADOPT
