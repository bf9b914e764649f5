"""`modelyard choices`: what can be promoted where and how, and what each environment can go back to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import answer_asked, as_asked, file_arguments, open_selected, selection_arguments
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console
    from agent.pipeline.choices import Choices

_CONTRACT = 1
_DIGITS = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``choices``."""
    selection_arguments(parser)
    file_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Read the ledger."""
    from agent.pipeline.choices import choices

    options = as_asked(options)
    opened = open_selected(options, console)
    found = choices(opened.configuration, opened.context.ledger)
    if options.json:
        answer_asked({"contract": _CONTRACT, **asdict(found)}, options, console)
    else:
        _show(found, console)
    return ExitCode.DONE


def _show(found: Choices, console: Console) -> None:
    from agent.view.table import answer_table

    answer_table(console, ("RELEASE",), [(offer.label,) for offer in found.releases])
    if not found.releases:
        console.say("There is no release yet; `modelyard run` makes one.")
    rows = [
        (name, "yes" if name in found.environments else "-", " ".join(digest[:_DIGITS] for digest in back) or "-")
        for name, back in _by_environment(found).items()
    ]
    if rows:
        console.answer("")
        answer_table(console, ("ENVIRONMENT", "PROMOTED TO", "GOES BACK TO"), rows)
    console.answer("")
    console.answer(f"strategies: {', '.join(found.strategies)}")


def _by_environment(found: Choices) -> dict[str, list[str]]:
    return {name: list(found.rollback.get(name, ())) for name in dict.fromkeys((*found.rollback, *found.environments))}


COMMAND = Command(name="choices", help=purpose(__doc__), arguments=arguments, run=run)
