"""`modelyard config`: the values in effect for a run, each with where it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.config.listing import Row
    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The key to show, the run it is for, and the forms of the answer."""
    parser.add_argument("key", nargs="?", metavar="KEY", help="a value or a section, such as training.resources")
    parser.add_argument("--file", default="modelyard.yaml", help="default: modelyard.yaml")
    parser.add_argument("--environment", metavar="NAME", help="apply the overrides of an environment")
    parser.add_argument("--branch", metavar="NAME", help="apply the overrides of branches that match")
    parser.add_argument("--pr", type=int, metavar="NUMBER", help="apply the overrides of pull requests")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="KEY=VALUE", help="ask for a value; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print values and sources as JSON")
    generated = parser.add_mutually_exclusive_group()
    generated.add_argument("--schema", action="store_true", help="print the JSON Schema of the file")
    generated.add_argument("--reference", action="store_true", help="print the reference page of the file")


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the values in effect, or what is generated from the model."""
    if options.schema:
        from agent.config.schema import document_schema_text

        console.answer(document_schema_text().rstrip("\n"))
    elif options.reference:
        from agent.config.reference import reference_page

        console.answer(reference_page().rstrip("\n"))
    else:
        return _show_values(options, console)
    return ExitCode.DONE


def _show_values(options: argparse.Namespace, console: Console) -> int:
    from pathlib import Path

    from agent.config.finding import ConfigurationError
    from agent.config.listing import rows, select
    from agent.config.loading import Selection, load
    from agent.config.rendering import render

    selection = Selection(environment=options.environment, branch=options.branch, pull_request=options.pr)
    try:
        effective = load(Path(options.file), selection=selection, settings=options.settings)
    except ConfigurationError as error:
        console.say(render(error.findings, console.style))
        return error.exit_code
    listed = rows(effective)
    _print(select(listed, options.key) if options.key else listed, options, console)
    return ExitCode.DONE


def _print(listed: Sequence[Row], options: argparse.Namespace, console: Console) -> None:
    if options.json:
        console.answer_json({row.key: {"value": row.value, "source": row.source} for row in listed})
    elif options.key and [row.key for row in listed] == [options.key]:
        console.answer(listed[0].shown())
        console.say(f"from {listed[0].source}", "faint")
    else:
        keys, values = (
            max(len(cell) for cell in column)
            for column in zip(*((row.key, row.shown()) for row in listed), strict=True)
        )
        for row in listed:
            console.answer(f"{row.key:<{keys}}  {row.shown():<{values}}  {row.source}")


COMMAND = Command(name="config", help=purpose(__doc__), arguments=arguments, run=run)
