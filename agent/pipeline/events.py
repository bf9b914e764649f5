"""What happens in a run, as values: the tree that people see and the lines that programs read are made of these."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from agent.ports.time import Clock


class Status(StrEnum):
    """What became of a stage, or of the whole run (which is never ``recalled`` or ``skipped``)."""

    DONE = "done"
    RECALLED = "recalled"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_RUN = "not_run"


class EventKind(StrEnum):
    """Kinds of events; ``doing`` gives way to the next one, the others stay."""

    STARTED = "stage_started"
    DOING = "stage_doing"
    FACT = "stage_fact"
    WARNING = "stage_warning"
    LOG = "stage_log"
    ENDED = "stage_ended"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a stage."""

    kind: EventKind
    at: datetime
    stage: str
    text: str = ""
    status: Status | None = None
    seconds: float | None = None

    def document(self) -> dict[str, Any]:
        """The event as a JSON object, without what does not apply."""
        given = {name: value for name, value in asdict(self).items() if value not in {None, ""}}
        return {"event": given.pop("kind"), **given, "at": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True)
class StageEnd:
    """What became of one stage: the ``seconds`` it took, the ``exit_code`` of its failure, whether it ``wrote``."""

    stage: str
    step: str
    title: str
    status: Status
    seconds: float = 0.0
    key: str = ""
    error: str = ""
    exit_code: int = 0
    wrote: bool = False


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What became of a run; ``release`` is the digest of the release that it made or found."""

    run: str
    result: Status
    exit_code: int
    release: str | None
    stages: Sequence[StageEnd]
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    error: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything was done that had not been done before."""
        return any(end.wrote for end in self.stages)

    @property
    def is_news(self) -> bool:
        """Whether the ledger is to know of it: it wrote something, or ended otherwise than well once it got there."""
        got_there = any(end.status in {Status.DONE, Status.RECALLED} for end in self.stages)
        return self.changed or (self.result is not Status.DONE and got_there)

    def document(self) -> dict[str, Any]:
        """The summary as a JSON object."""
        return {"event": "summary", **asdict(self), "stages": [asdict(stage) for stage in self.stages]}


class Listener(Protocol):
    """Who is told what happens; called from several threads, one at a time for each stage."""

    def hear(self, event: Event) -> None:
        """Something happened."""


@dataclass(frozen=True, kw_only=True)
class StageReporter:
    """An :class:`agent.ports.reporter.Reporter` that makes events of what a stage tells, and explains warnings."""

    stage: str
    clock: Clock
    listener: Listener
    explain: Callable[[str], str] = str

    def doing(self, what: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._tell(EventKind.DOING, what)

    def fact(self, text: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._tell(EventKind.FACT, text)

    def warn(self, text: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._tell(EventKind.WARNING, self.explain(text))

    def log(self, line: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._tell(EventKind.LOG, line)

    def _tell(self, kind: EventKind, text: str) -> None:
        self.listener.hear(Event(kind=kind, at=self.clock.now(), stage=self.stage, text=text))
