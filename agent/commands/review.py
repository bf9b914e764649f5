"""`modelyard review`: what a promotion or a rollback would change, before anybody approves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments, strategy_argument
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``review``."""
    parser.add_argument(
        "release",
        nargs="?",
        default="",
        metavar="RELEASE",
        help="the release's digest, or its first digits (default for a rollback: the one before)",
    )
    parser.add_argument("--to", required=True, metavar="ENV", dest="environment", help="environment that would change")
    parser.add_argument("--action", choices=("promote", "rollback"), default="promote", help="default: promote")
    strategy_argument(parser)
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Ask everything, write nothing."""
    from agent.pipeline.decisions import wire_review
    from agent.runner import run_step
    from pipeline_steps.review import STEP

    opened = open_selected(options, console)
    wired = wire_review(opened.configuration, options.environment)
    chosen = {"action": options.action, "release": options.release, "strategy": options.strategy}
    found = run_step(STEP, wired.model_copy(update=chosen), opened.context).result
    if options.json:
        console.answer_json(found.model_dump(mode="json"))
    else:
        for line in found.lines:
            console.answer(line)
    return ExitCode.INPUT_MISSING if found.refused else ExitCode.DONE


COMMAND = Command(name="review", help=purpose(__doc__), arguments=arguments, run=run)
