"""`modelyard jenkins lint`: let the controller's validator judge a Jenkinsfile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.commands.jenkins.connected import connect, controller_arguments
from agent.errors import ExitCode, InputMissingError

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``lint``."""
    parser.add_argument("file", nargs="?", default="Jenkinsfile", metavar="FILE", help="default: Jenkinsfile")
    controller_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Print each fault as ``file:line:column: message``; exit code 2 for any."""
    file = Path(options.file)
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise InputMissingError(f"{file}: {error.strerror}") from None
    controller = connect(options)
    from agent.jenkins.linting import validate

    verdict = validate(controller, text)
    if options.json:
        faults = [{"line": one.line, "column": one.column, "message": one.message} for one in verdict.faults]
        console.answer_json({"file": str(file), "declarative": verdict.declarative, "faults": faults})
    else:
        for fault in verdict.faults:
            place = "".join(f":{number}" for number in (fault.line, fault.column) if number)
            console.answer(f"{file}{place}: {fault.message}")
        _say(file, verdict.declarative, len(verdict.faults), console)
    return ExitCode.USAGE if verdict.faults else ExitCode.DONE


def _say(file: Path, declarative: bool, faults: int, console: Console) -> None:
    if not declarative:
        console.say(
            f"{file} has no `pipeline {{ }}` of its own, which is all that the validator judges; a var such as "
            "mlPipeline checks its options when it is called",
            "warning",
        )
    elif not faults:
        console.say(f"{file} is valid.", "good")


COMMAND = Command(name="lint", help=purpose(__doc__), arguments=arguments, run=run)
