"""`modelyard jenkins build`: build a branch or a pull request on the controller, and follow it to its end."""

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
    """The arguments of ``build``."""
    parser.add_argument(
        "branch", nargs="?", default="", metavar="BRANCH", help="branch, tag or PR-N (default: what is checked out)"
    )
    controller_arguments(parser)
    place_arguments(parser)
    parser.add_argument("--until", default="", metavar="STAGE", help="end after this stage")
    parser.add_argument("--from", default="", metavar="STAGE", dest="first", help="begin here")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings", help="override one key; repeatable"
    )
    parser.add_argument("--reason", default="", help="why; the run record keeps it")
    follow_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start and follow; a branch that the controller has not seen yet is looked for first."""
    controller, folder = connect(options), folder_of(options)
    from agent.clock import SystemClock
    from agent.jenkins.places import branch_job
    from agent.jenkins.starting import find_branch, first_build, start
    from agent.jenkins.wanted import BUILD

    multibranch = f"{folder}/{BUILD}"
    branch = branch_job(options.branch or _checked_out(options))
    clock = SystemClock()
    given = {
        "UNTIL": options.until,
        "FROM": options.first,
        "SETTINGS": "\n".join(options.settings),
        "REASON": options.reason,
    }
    parameters = {name: value for name, value in given.items() if value}
    known = find_branch(controller, multibranch, branch, clock)
    name = f"{multibranch}/{branch}"
    begun = None if known or parameters else first_build(controller, name, clock)
    return show_build(controller, name, begun or start(controller, name, parameters), options, console)


def _checked_out(options: argparse.Namespace) -> str:
    from pathlib import Path

    from agent.pipeline.repository import branch_of

    return branch_of(Path(options.configuration).absolute().parent) or "main"


COMMAND = Command(name="build", help=purpose(__doc__), arguments=arguments, run=run)
