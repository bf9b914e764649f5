"""The `modelyard` command: finds the subcommands, runs one, and turns its failure into an exit code."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING

from agent import commands
from agent.console import Console
from agent.errors import ExitCode, ModelyardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.command import Command


def find_commands() -> list[Command]:
    """Every command under ``agent/commands``, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    return [importlib.import_module(f"{commands.__name__}.{name}").COMMAND for name in names]


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="modelyard", description="CI/CD for Amazon SageMaker models.")
    choices = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in find_commands():
        sub = choices.add_parser(command.name, help=command.help, description=command.help)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code (see :class:`agent.errors.ExitCode`)."""
    console = Console()
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments, console))
    except ModelyardError as error:
        console.say(f"{console.style('error:', 'error')} {error}")
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


if __name__ == "__main__":
    sys.exit(main())
