"""`modelyard override`: you let a model pass that a gate refuses, until a day, and the ledger keeps your word."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from agent.console import Console

_END_OF_DAY = time(23, 59, 59)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``override``."""
    parser.add_argument("gate", metavar="GATE", help="name of the gate that refuses")
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--release", default="", metavar="RELEASE", help="a release's digest, first digits, or tag")
    model.add_argument("--commit", default="", metavar="SHA", help="the commit whose last build was refused")
    parser.add_argument("--reason", required=True, metavar="WHY", help="kept, and shown wherever the verdict is")
    parser.add_argument("--until", required=True, metavar="DATE", help="last day, such as 2027-01-31 (UTC), or a time")
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Override as the machine's own account, for whoever is at the keyboard is not asked."""
    from agent.pipeline.decisions import wire_override
    from agent.runner import run_step
    from agent.who import login
    from pipeline_steps.override import STEP

    until = ending(options.until)
    opened = open_selected(options, console)
    said = {
        "gate": options.gate,
        "release": options.release,
        "commit": options.commit,
        "by": login(),
        "reason": options.reason,
        "until": until,
    }
    wired = wire_override(opened.configuration, "")
    found = run_step(STEP, wired.model_copy(update=said), opened.context).result
    if options.json:
        console.answer_json(found.model_dump(mode="json"))
    elif not found.release:
        console.say("The next build of the same sources goes on past that gate.")
    return ExitCode.DONE


def ending(text: str) -> datetime:
    """The end of a day, or a time; without a zone it is in UTC. UsageError for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is neither a day such as 2027-01-31 nor a time such as 2027-01-31T12:00Z") from None
    whole_day = len(text) == len("2027-01-31") and found.time() == time()
    day = datetime.combine(found.date(), _END_OF_DAY) if whole_day else found
    return day if day.tzinfo else day.replace(tzinfo=UTC)


COMMAND = Command(name="override", help=purpose(__doc__), arguments=arguments, run=run)
