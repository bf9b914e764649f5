"""`modelyard rollback`: an environment goes back to a release that it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import deploy, open_selected, output_arguments, selection_arguments, strategy_argument

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``rollback``."""
    parser.add_argument("environment", metavar="ENV", help="environment to roll back")
    parser.add_argument(
        "--to", metavar="RELEASE", dest="release", help="digits or tag of a release (default: the one before)"
    )
    strategy_argument(parser)
    selection_arguments(parser)
    output_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Verify, deploy and check."""
    from agent.pipeline.promotion import going_back
    from agent.release.store import ReleaseStore

    opened = open_selected(options, console)
    releases = ReleaseStore(opened.context.ledger)
    release = releases.find(options.release) if options.release else None
    project, strategy = opened.configuration.project, options.strategy
    stages = going_back(project, options.environment, release, releases.read, strategy=strategy)
    done = f"{options.environment} is back at an earlier release, which does what it must."
    return deploy(stages, opened, options, console, done=done)


COMMAND = Command(name="rollback", help=purpose(__doc__), arguments=arguments, run=run)
