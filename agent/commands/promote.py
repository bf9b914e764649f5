"""`modelyard promote`: a release goes to the next environment; nothing is rebuilt on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import deploy, open_selected, output_arguments, selection_arguments, strategy_argument

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``promote``."""
    parser.add_argument("release", metavar="RELEASE", help="the release: its digest, the first digits, or a tag")
    parser.add_argument("--to", required=True, metavar="ENV", dest="environment", help="environment to promote to")
    strategy_argument(parser)
    selection_arguments(parser)
    output_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Verify, deploy and check."""
    from agent.naming import short
    from agent.pipeline.promotion import promotion
    from agent.release.store import ReleaseStore

    opened = open_selected(options, console)
    releases = ReleaseStore(opened.context.ledger)
    release = releases.find(options.release)
    project, strategy = opened.configuration.project, options.strategy
    stages = promotion(project, release, options.environment, releases.read, strategy=strategy)
    done = f"release {short(release)} is live in {options.environment} and does what it must."
    return deploy(stages, opened, options, console, done=done)


COMMAND = Command(name="promote", help=purpose(__doc__), arguments=arguments, run=run)
