"""`modelyard approve`: you say yes to a release in an environment, and the ledger keeps it."""

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
    """The arguments of ``approve``."""
    parser.add_argument("release", metavar="RELEASE", help="the release's digest, or its first digits")
    parser.add_argument("--to", required=True, metavar="ENV", dest="environment", help="environment that may take it")
    parser.add_argument("--reason", required=True, metavar="WHY", help="kept with the deployment")
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Approve as the machine's own account, for whoever is at the keyboard is not asked."""
    from agent.pipeline.decisions import wire_approve
    from agent.runner import run_step
    from agent.who import login
    from pipeline_steps.approve import STEP

    opened = open_selected(options, console)
    wired = wire_approve(opened.configuration, options.environment)
    said = {"release": options.release, "by": login(), "reason": options.reason}
    found = run_step(STEP, wired.model_copy(update=said), opened.context).result
    if options.json:
        console.answer_json(found.model_dump(mode="json"))
    return ExitCode.DONE


COMMAND = Command(name="approve", help=purpose(__doc__), arguments=arguments, run=run)
