"""What to do about an attempt that may be there already: adopt, wait for, skip, or start it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from agent.ports.jobs import JobState, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_ATTEMPTS = 99
"""Attempts at the same work before people have to look at it."""


class Move(Enum):
    """What becomes of one attempt."""

    CREATE = "create"
    ADOPT = "adopt"
    AWAIT_END = "await its end"
    SKIP = "skip"


_MOVES: Mapping[JobStatus, Move] = {
    JobStatus.IN_PROGRESS: Move.ADOPT,
    JobStatus.COMPLETED: Move.ADOPT,
    JobStatus.STOPPING: Move.AWAIT_END,
    JobStatus.FAILED: Move.SKIP,
    JobStatus.STOPPED: Move.SKIP,
}


def move(job: JobState | None, kept: Callable[[JobState], bool]) -> Move:
    """What to do about an attempt; a completed job whose output was cleaned away is no use."""
    if job is None:
        return Move.CREATE
    if job.status is JobStatus.COMPLETED and not kept(job):
        return Move.SKIP
    return _MOVES[job.status]
