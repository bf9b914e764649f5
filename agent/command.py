"""What a `modelyard` subcommand is, so that adding one means adding one file under ``agent/commands``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from agent.console import Console


@dataclass(frozen=True, kw_only=True)
class Command:
    """One subcommand: its name, one line of help, its arguments, and what it does.

    ``run`` answers the exit code; it raises :class:`agent.errors.ModelyardError` for failures with a message.
    """

    name: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Console], int]


def group(*, name: str, help: str, members: Sequence[Command]) -> Command:  # noqa: A002 - as in Command
    """A command that only holds others, such as ``modelyard cloud`` with ``up`` and ``down``."""
    chosen = f"run_{name}"

    def arguments(parser: argparse.ArgumentParser) -> None:
        choices = parser.add_subparsers(metavar="COMMAND", required=True)
        for member in members:
            sub = choices.add_parser(member.name, help=member.help, description=member.help)
            member.arguments(sub)
            sub.set_defaults(**{chosen: member.run})

    def run(given: argparse.Namespace, console: Console) -> int:
        answer: int = getattr(given, chosen)(given, console)
        return answer

    return Command(name=name, help=help, arguments=arguments, run=run)
