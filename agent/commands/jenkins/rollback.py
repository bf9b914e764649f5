"""`modelyard jenkins rollback`: take an environment back to an earlier release by the promote job, and follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.promoting import promotion_arguments, start_promotion

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``rollback``."""
    parser.add_argument("environment", metavar="ENV", help="environment to take back")
    parser.add_argument("--release", default="", metavar="RELEASE", help="an earlier release (default: the one before)")
    promotion_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start and follow."""
    given = {"ACTION": "rollback", "OTHER_RELEASE": options.release, "ENVIRONMENT": options.environment}
    return start_promotion(given, options, console)


COMMAND = Command(name="rollback", help=purpose(__doc__), arguments=arguments, run=run)
