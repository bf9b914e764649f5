"""`modelyard init`: a model repository to start from, which validates, trains and serves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write, and what the project is called."""
    parser.add_argument("folder", metavar="DIR", help="folder of the new model repository")
    parser.add_argument("--project", metavar="NAME", help="name of the project (default: the folder's name)")


def run(options: argparse.Namespace, console: Console) -> int:
    """Write the repository and say what to do next."""
    from pathlib import Path

    from agent.config.scaffolding import plan, write

    folder = Path(options.folder)
    planned = plan(options.project or folder.resolve().name.lower().replace("_", "-"))
    write(planned, folder)
    for file in planned:
        console.say(f"  {folder / file.path}", "faint")
    console.say(f"{console.style('✓', 'good')} {len(planned)} files; go on with")
    console.say(f"\n  cd {folder}\n  modelyard validate", "strong")
    return ExitCode.DONE


COMMAND = Command(name="init", help=purpose(__doc__), arguments=arguments, run=run)
