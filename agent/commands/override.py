"""`modelyard override`: you let a model pass that a gate refuses, until a day, and the ledger keeps your word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


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
    from agent.request import with_inputs
    from agent.runner import run_step
    from agent.who import login
    from pipeline_steps.override import STEP

    opened = open_selected(options, console)
    said = {
        "gate": options.gate,
        "release": options.release,
        "commit": options.commit,
        "by": login(),
        "reason": options.reason,
        "until": options.until,
    }
    inputs = with_inputs(STEP, wire_override(opened.configuration, ""), said)
    found = run_step(STEP, inputs, opened.context).result
    if options.json:
        console.answer_json(found.model_dump(mode="json"))
    elif not found.release:
        console.say("The next build of the same sources goes on past that gate.")
    return ExitCode.DONE


COMMAND = Command(name="override", help=purpose(__doc__), arguments=arguments, run=run)
