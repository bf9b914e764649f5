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
class Serving:
    """What a transform job lacks that other jobs have in themselves.

    ``model`` makes CreateModel's request for one attempt's name: the model is there for as long as the attempt is.
    After ``max_runtime`` seconds whoever watches the job stops it.
    """

    model: Callable[[str], Mapping[str, Any]]
    max_runtime: int


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """A job by the key of its content.

    ``request`` makes the request of CreateTrainingJob, CreateProcessingJob or CreateTransformJob for one attempt's
    name; ``kept`` says whether what an earlier, completed attempt made is still there to be used. ``serving`` is of
    transform jobs only.
    """

    kind: JobKind
    project: str
    step: str
    key: str
    request: Callable[[str], Mapping[str, Any]]
    kept: Callable[[JobState], bool]
    serving: Serving | None = None

    def name(self, attempt: int) -> str:
        """The job's name: another one for each attempt, the same for everybody who has the same work."""
        return naming.job(self.project, self.step, self.key, attempt)


def tags(project: str, step: str, key: str, run: str) -> list[Request]:
    """The tags of a job, by which policies admit it, bills are split, and people find what made it."""
    return naming.tags(project=project, step=step, key=key, run=run)
