"""`modelyard validate`: everything that is wrong with a configuration, before anything is spent on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The file to check, and for whom."""
    parser.add_argument("file", nargs="?", default="modelyard.yaml", metavar="FILE", help="default: modelyard.yaml")
    parser.add_argument("--json", action="store_true", help="print the findings as a JSON list")


def run(options: argparse.Namespace, console: Console) -> int:
    """Report every finding (exit code 2), or what the configuration says."""
    from pathlib import Path

    from agent.config.loading import check, read_document, read_file
    from agent.config.rendering import render
    from agent.config.summary import summarise

    path = Path(options.file)
    text = read_file(path)
    findings = check(text, path.parent)
    if options.json:
        console.answer_json([finding.as_json() for finding in findings])
    elif findings:
        console.say(render(findings, console.style))
    else:
        console.say(f"{console.style('✓', 'good')} {path} is valid\n\n{summarise(read_document(text))}")
    return ExitCode.USAGE if findings else ExitCode.DONE


COMMAND = Command(name="validate", help=purpose(__doc__), arguments=arguments, run=run)
