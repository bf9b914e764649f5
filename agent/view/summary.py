"""The last words of a run, and the whole of a dry run, for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.naming import short
from agent.pipeline.dry_run import Prospect
from agent.pipeline.events import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.console import Console
    from agent.pipeline.dry_run import PlannedStage
    from agent.pipeline.events import Summary

_WORDS: Mapping[Prospect, str] = {
    Prospect.UNCHANGED: "unchanged",
    Prospect.CHECKED: "looked at, nothing to write",
    Prospect.REFUSED: "refused",
    Prospect.WOULD_RUN: "would run",
    Prospect.UNKNOWN: "known only after",
    Prospect.SKIPPED: "nothing to do",
}


def say_summary(summary: Summary, console: Console, *, done: str) -> None:
    """What became of the run, and what to do next; ``done`` is the sentence for success."""
    match summary.result:
        case Status.REFUSED:
            console.say("Refused: the model does not pass its gates.", "warning")
        case Status.FAILED:
            stage = next(end for end in summary.stages if end.status is Status.FAILED)
            console.say(f"{console.style('error:', 'error')} {stage.title} failed, exit code {stage.exit_code}")
        case Status.INTERRUPTED:
            console.say("Interrupted; the next run goes on from here.", "warning")
        case _:
            console.say(done if summary.changed else f"Nothing changed: {done}", "good")


def released(summary: Summary) -> str:
    """The sentence for a run of the pipeline that came to its end."""
    last = summary.stages[-1].title if summary.stages else ""
    if summary.release is None:
        return f"everything up to {last} is done."
    return f"release {short(summary.release)} is made; everything up to {last} is done."


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
