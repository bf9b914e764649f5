"""The last words of a run, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.naming import short
from agent.pipeline.events import Status

if TYPE_CHECKING:
    from agent.console import Console
    from agent.pipeline.events import Summary


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
