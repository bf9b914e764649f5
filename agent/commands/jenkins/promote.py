"""`modelyard jenkins promote`: take a release to an environment by the promote job, and follow it to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.promoting import promotion_arguments, start_promotion

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``promote``."""
    parser.add_argument("release", metavar="RELEASE", help="the release's digest, its first digits, or its tag")
    parser.add_argument("--to", required=True, metavar="ENV", dest="environment", help="environment to promote to")
    promotion_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Start and follow; where an approval is asked for, say so and wait."""
    given = {"ACTION": "promote", "OTHER_RELEASE": options.release, "ENVIRONMENT": options.environment}
    return start_promotion(given, options, console)


COMMAND = Command(name="promote", help=purpose(__doc__), arguments=arguments, run=run)
