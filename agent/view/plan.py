"""A dry run, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.pipeline.dry_run import Prospect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.console import Console
    from agent.pipeline.dry_run import PlannedStage

_WORDS: Mapping[Prospect, str] = {
    Prospect.UNCHANGED: "unchanged",
    Prospect.CHECKED: "looked at, nothing to write",
    Prospect.REFUSED: "refused",
    Prospect.WOULD_RUN: "would run",
    Prospect.UNKNOWN: "known only after",
    Prospect.SKIPPED: "nothing to do",
}


def say_plan(planned: Sequence[PlannedStage], console: Console) -> None:
    """A dry run, stage by stage."""
    width = max((len(stage.title) for stage in planned), default=0)
    for stage in planned:
        said = _WORDS[stage.prospect] + (f" {', '.join(stage.after)}" if stage.after else "")
        reason = f": {stage.reason}" if stage.reason else ""
        console.say(f"{console.style(stage.title.ljust(width), 'strong')}  {said}{reason}")
        for action in stage.actions:
            note = f" ({action.note})" if action.note else ""
            console.say(f"{'':{width}}    {action.operation} {action.resource} in {action.account}{note}")


def plan_document(stage: PlannedStage) -> dict[str, Any]:
    """A stage of a dry run as a JSON object."""
    return {"event": "stage_planned", **asdict(stage)}
