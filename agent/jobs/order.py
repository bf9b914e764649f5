"""A job to have done: what names it, what asks AWS for it, and when one that ran before will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.ports.jobs import JobKind, JobState

Request = dict[str, Any]
"""An AWS request in its own shape."""


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """A job by the key of its content.

    ``request`` makes CreateTrainingJob's or CreateProcessingJob's request for one attempt's name; ``kept`` says whether
    what an earlier, completed attempt made is still there to be used.
    """

    kind: JobKind
    project: str
    step: str
    key: str
    request: Callable[[str], Mapping[str, Any]]
    kept: Callable[[JobState], bool]

    def name(self, attempt: int) -> str:
        """The job's name: another one for each attempt, the same for everybody who has the same work."""
        return naming.job(self.project, self.step, self.key, attempt)


def tags(project: str, step: str, key: str, run: str) -> list[Request]:
    """The tags of a job, by which policies admit it, bills are split, and people find what made it."""
    return naming.tags(project=project, step=step, key=key, run=run)
