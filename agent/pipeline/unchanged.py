"""A run in which nothing had changed is remembered, so that the next one only asks AWS whether that still holds.

All that such a run does is to ask: what it comes to depends on what is on this machine and on AWS's answers, and on
nothing else. Where both are what they were, so is the outcome, however much else has happened meanwhile.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.aws.entering import Scope, Way
from agent.aws.questions import Entrance, Question
from agent.data.own_folder import NAME, own_folder
from agent.pipeline.events import Event, EventKind, StageEnd, Status, Summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from agent.aws.questions import Asked
    from agent.config.model import Configuration
    from agent.pipeline.local_state import LocalState

_FILE = "unchanged.json"
_BY_TIME = frozenset({"preview", "audit_image"})
"""Steps whose answer also depends on the time: one puts something off that would otherwise end; scans become old."""
_PASSING = {EventKind.DOING, EventKind.LOG}


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A run in which nothing had changed: what was on this machine, what AWS was asked, and what it came to."""

    local: str
    entrance: Entrance | None
    questions: tuple[Question, ...]
    told: tuple[tuple[str, str, str, str], ...]
    summary: Mapping[str, Any]

    def events(self, now: datetime) -> list[Event]:
        """What happened in that run, as of now."""
        return [
            Event(
                kind=EventKind(kind),
                at=now,
                stage=stage,
                text=text,
                status=Status(status) if status else None,
                seconds=0.0 if kind == EventKind.ENDED else None,
            )
            for kind, stage, text, status in self.told
        ]

    def came_to(self, run: str) -> Summary:
        """The summary of a run that comes to the same."""
        known = {name: value for name, value in self.summary.items() if name != "event"}
        stages = tuple(StageEnd(**{**end, "status": Status(end["status"]), "seconds": 0.0}) for end in known["stages"])
        return Summary(**{**known, "run": run, "result": Status(known["result"]), "stages": stages})


def memory_of(
    local: LocalState, asked: Asked, heard: Sequence[Event], summary: Summary, configuration: Configuration
) -> Memory | None:
    """What to remember of a run; None where it did something, failed, or depends on more than is known of it."""
    elsewhere = any(source.path and _leads_out(source.path) for source in configuration.data.values())
    by_time = any(end.step in _BY_TIME for end in summary.stages) or _overridden(summary)
    known = asked.complete and local.at_rest and not elsewhere and not by_time
    if summary.changed or summary.result is not Status.DONE or not known:
        return None
    told = (event for event in heard if event.kind not in _PASSING)
    return Memory(
        local=local.digest,
        entrance=asked.entrance,
        questions=tuple(dict.fromkeys(asked.questions)),
        told=tuple((event.kind.value, event.stage, event.text, str(event.status or "")) for event in told),
        summary=summary.document(),
    )


def _overridden(summary: Summary) -> bool:
    """Whether the model passed by an override, which ends."""
    verdicts = summary.results.get("gate", {}).get("verdicts") or ()
    return any(verdict.get("override") for verdict in verdicts)


def _leads_out(path: str) -> bool:
    return os.path.isabs(path) or ".." in path.split("/")  # noqa: PTH117 - the text is what counts


def remember(folder: Path, memory: Memory | None) -> None:
    """Keep it in place of what was remembered before; a repository that may only be read remembers nothing."""
    file = own_folder(folder) / _FILE
    partial = file.with_name(f".{_FILE}.{os.getpid()}")
    try:
        if memory is None:
            file.unlink(missing_ok=True)
            return
        partial.write_text(json.dumps(asdict(memory), default=str))
        partial.replace(file)
    except OSError:
        partial.unlink(missing_ok=True)


def recollect(folder: Path, local: LocalState) -> Memory | None:
    """What is remembered of a run that found this machine in the same state."""
    try:
        kept = json.loads((folder / NAME / _FILE).read_bytes())
    except (OSError, ValueError):
        return None
    # Another version of this program is another local state: what has this digest has this form.
    if not isinstance(kept, dict) or kept.get("local") != local.digest:
        return None
    return replace(
        Memory(**kept),
        entrance=Entrance(**kept["entrance"]) if kept["entrance"] else None,
        questions=tuple(_question(each) for each in kept["questions"]),
        told=tuple(tuple(each) for each in kept["told"]),
    )


def _question(kept: dict[str, Any]) -> Question:
    way = _way(kept["way"]) if kept["way"] else None
    return Question(**{**kept, "way": way, "headers": tuple((name, value) for name, value in kept["headers"])})


def _way(kept: dict[str, Any]) -> Way:
    return Way(**{**kept, "scope": Scope(**kept["scope"]) if kept["scope"] else None})
