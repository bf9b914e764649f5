"""What `approve` and `abort` have in common: which input of which build is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.commands.jenkins.connected import connect, controller_arguments, folder_of, place_arguments

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.console import Console
    from agent.jenkins.controller import Controller
    from agent.jenkins.inputs import Pending


def answer_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which input."""
    parser.add_argument(
        "job",
        nargs="?",
        default="promote",
        metavar="JOB",
        help="promote, retrain, override or build/BRANCH (default: promote)",
    )
    parser.add_argument("build", nargs="?", type=int, metavar="BUILD", help="number of the build (default: any)")
    controller_arguments(parser)
    place_arguments(parser)
    parser.add_argument("--input", default="", metavar="ID", help="which of several inputs")
    parser.add_argument("--list", action="store_true", help="only list what is pending")
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def find(options: argparse.Namespace) -> tuple[Controller, str, list[Pending]]:
    """The controller, the full name of the job, and what is pending in it."""
    controller, folder = connect(options), folder_of(options)
    from agent.jenkins.inputs import pending
    from agent.jenkins.places import branch_job
    from agent.jenkins.wanted import BUILD

    kind, _, branch = options.job.partition("/")
    name = f"{folder}/{kind}/{branch_job(branch)}" if kind == BUILD and branch else f"{folder}/{options.job}"
    return controller, name, pending(controller, name, options.build)


def show(found: Sequence[Pending], options: argparse.Namespace, console: Console) -> None:
    """List what is pending."""
    if options.json:
        console.answer_json([one.document() for one in found])
        return
    from agent.view.table import answer_table

    if not found:
        console.say("Nothing is pending.")
    answer_table(
        console,
        ("BUILD", "INPUT", "FOR", "PARAMETERS", "MESSAGE"),
        [
            (
                str(one.number),
                one.id,
                ", ".join(one.submitters) or "anybody who may build",
                ", ".join(one.parameters) or "-",
                " ".join(one.message.split()),
            )
            for one in found
        ],
    )
