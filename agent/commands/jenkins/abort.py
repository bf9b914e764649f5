"""`modelyard jenkins abort`: refuse an approval that a build waits for, or stop the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.answering import answer_arguments, find, show
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``abort``."""
    answer_arguments(parser)
    parser.add_argument("--stop", action="store_true", help="stop the running build, whether or not it waits")


def run(options: argparse.Namespace, console: Console) -> int:
    """Refuse as the person in JENKINS_USER; the build ends as aborted."""
    controller, name, found = find(options)
    from agent.jenkins.inputs import abort, only
    from agent.jenkins.stopping import stop

    if options.list:
        show(found, options, console)
        return ExitCode.DONE
    if options.stop:
        url, what = stop(controller, name, options.build), "stopped"
    else:
        one = only(found, options.input, f"{name} (--stop ends a build that does not wait)")
        abort(controller, one)
        url, what = one.url, f"refused: {one.title}"
    if options.json:
        console.answer_json({"job": name, "url": url, "answer": "aborted"})
    else:
        console.say(f"{what} ({url})", "good")
    return ExitCode.DONE


COMMAND = Command(name="abort", help=purpose(__doc__), arguments=arguments, run=run)
