"""`modelyard jenkins status`: how the jobs of this model repository ended last, and what waits for an answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.connected import connect, controller_arguments, folder_of, place_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console
    from agent.jenkins.recent import Last


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``status``."""
    controller_arguments(parser)
    place_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """One row for each branch, and one for each of the other jobs."""
    controller, folder = connect(options), folder_of(options)
    from agent.jenkins.recent import recent
    from agent.view.table import answer_table

    rows = list(recent(controller, folder))
    if options.json:
        console.answer_json({"url": controller.url, "folder": folder, "jobs": [asdict(row) for row in rows]})
    else:
        answer_table(console, ("JOB", "BUILD", "RESULT", "STARTED", "TOOK", "DESCRIPTION"), list(map(_cells, rows)))
    return ExitCode.DONE


def _cells(row: Last) -> tuple[str, ...]:
    started = f"{row.started:%Y-%m-%d %H:%M}Z" if row.started else "-"
    took = f"{row.seconds:.0f} s" if row.seconds else "-"
    return (row.job, "-" if row.number is None else f"#{row.number}", row.result, started, took, row.description)


COMMAND = Command(name="status", help=purpose(__doc__), arguments=arguments, run=run)
