"""`modelyard jenkins approve`: list the approvals that builds wait for, or give one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.answering import answer_arguments, find, show
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``approve``."""
    answer_arguments(parser)
    parser.add_argument("--reason", default="", help="why; it is kept with the approval")
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the input; repeatable"
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Approve as the person in JENKINS_USER."""
    controller, name, found = find(options)
    from agent.jenkins.inputs import approve, only

    if options.list:
        show(found, options, console)
        return ExitCode.DONE
    one = only(found, options.input, name)
    approve(controller, one, _parameters(options.parameter), options.reason)
    if options.json:
        console.answer_json({**one.document(), "answer": "approved"})
    else:
        console.say(f"approved: {one.title} ({one.url})", "good")
    return ExitCode.DONE


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    wrong = [text for text, (name, found, _) in zip(given, pairs, strict=True) if not (name and found)]
    if wrong:
        raise UsageError(f"--parameter {wrong[0]}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


COMMAND = Command(name="approve", help=purpose(__doc__), arguments=arguments, run=run)
