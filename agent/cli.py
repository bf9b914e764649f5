"""The `modelyard` command: finds the subcommands, runs one, and turns its failure into an exit code."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent import commands
from agent.console import Console
from agent.errors import AccessDeniedError, ExitCode, ModelyardError, with_this_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.command import Command

_ALLOCATIONS = 250_000
"""How many new objects Python looks for garbage after. Commands end soon, and a third of their time went into that."""


def command_files() -> dict[str, Path]:
    """The file of every command under ``agent/commands``, by the command's name, in alphabetical order."""
    found = sorted(Path(str(commands.__file__)).parent.glob("[!_]*"))
    return {path.stem: path if path.suffix else path / "__init__.py" for path in found}


def find_command(name: str) -> Command:
    """The command of that name."""
    command: Command = importlib.import_module(f"{commands.__name__}.{name}").COMMAND
    return command


def parser(typed: str) -> argparse.ArgumentParser:
    """The command line: all commands with what they are for, and the arguments of the one that was typed."""
    top = argparse.ArgumentParser(prog="modelyard", description="CI/CD for Amazon SageMaker models.")
    choices = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, file in command_files().items():
        with file.open(encoding="utf-8") as source:
            purpose = commands.purpose(source.readline().strip())
        sub = choices.add_parser(name, help=purpose, description=purpose)
        if name == typed:
            command = find_command(name)
            command.arguments(sub)
            sub.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code (see :class:`agent.errors.ExitCode`)."""
    gc.set_threshold(_ALLOCATIONS)
    console = Console()
    words = sys.argv[1:] if argv is None else argv
    # `modelyard` itself has no option with a value: the first word that is no option is the command.
    typed = next((word for word in words if not word.startswith("-")), "")
    arguments = parser(typed).parse_args(words)
    try:
        with with_this_machine():
            return int(arguments.run(arguments, console))
    except ModelyardError as error:
        console.say(f"{console.style('error:', 'error')} {_told(error, arguments)}")
        return error.exit_code
    except KeyboardInterrupt:
        console.say("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.DONE
    except Exception:  # noqa: BLE001 - whatever it is, it is ours, and callers tell it from a failure by the exit code
        import traceback

        traceback.print_exc()
        console.say(f"{console.style('error:', 'error')} this is a bug of modelyard; please report the lines above")
        return ExitCode.BUG


def _told(error: ModelyardError, arguments: argparse.Namespace) -> str:
    """The message; of a refusal also which line of the templates would have allowed it, for this configuration."""
    if not (isinstance(error, AccessDeniedError) and getattr(arguments, "configuration", None)):
        return str(error)
    from agent.bootstrap.missing import explained
    from agent.entry import selected

    try:
        return explained(str(error), selected(arguments))
    except (ModelyardError, AttributeError):
        return str(error)


if __name__ == "__main__":
    sys.exit(main())
