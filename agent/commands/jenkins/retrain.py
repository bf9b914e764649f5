"""`modelyard jenkins retrain`: train again by the retrain job, for a reason that is no commit, and follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.connected import connect, controller_arguments, folder_of, place_arguments
from agent.commands.jenkins.followed import follow_arguments, show_build

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``retrain``."""
    controller_arguments(parser)
    place_arguments(parser)
    parser.add_argument("--release", default="", help="the release whose drift or age is the reason")
    parser.add_argument("--reason", default="", help="why; the run record keeps it")
    follow_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start and follow."""
    controller, folder = connect(options), folder_of(options)
    from agent.jenkins.starting import start
    from agent.jenkins.wanted import RETRAIN

    name = f"{folder}/{RETRAIN}"
    given = {"RELEASE": options.release, "REASON": options.reason}
    item = start(controller, name, {parameter: value for parameter, value in given.items() if value})
    return show_build(controller, name, item, options, console)


COMMAND = Command(name="retrain", help=purpose(__doc__), arguments=arguments, run=run)
