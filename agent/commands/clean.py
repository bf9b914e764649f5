"""`modelyard clean`: lists what no release and no last run needs, and removes it when told to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import timedelta

    from agent.cleaning.plan import Removal
    from agent.console import Console

_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``clean``."""
    parser.add_argument("--remove", action="store_true", help="remove what is listed")
    parser.add_argument(
        "--older-than", default="7d", metavar="AGE", help="leave what is younger, such as 12h (default: 7d)"
    )
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """List, then remove if asked."""
    from agent import naming
    from agent.cleaning.plan import plan

    age = _age(options.older_than)
    opened = open_selected(options, console)
    ledger, tools = opened.context.ledger, opened.context.accounts.tools
    repository = naming.repository(opened.configuration.project)
    removals = plan(ledger, tools.images.pushed(repository), now=opened.clock.now(), age=age)
    if options.json:
        console.answer_json({"removed": options.remove, "found": [asdict(removal) for removal in removals]})
    else:
        _show(removals, console, bucket=ledger.bucket, repository=repository)
    if options.remove:
        for removal in removals:
            opened.clock.check()
            if removal.kind == "object":
                ledger.objects.delete(ledger.bucket, removal.name)
        tools.images.delete(repository, [removal.name for removal in removals if removal.kind == "image"])
    if not options.json:
        _say(len(removals), sum(removal.size for removal in removals), console, removed=options.remove)
    return ExitCode.DONE


def _show(removals: Sequence[Removal], console: Console, *, bucket: str, repository: str) -> None:
    where = {"object": f"s3://{bucket}/", "image": f"{repository}@"}
    for removal in removals[:_SHOWN]:
        console.answer(f"{where[removal.kind]}{removal.name}")
    if len(removals) > _SHOWN:
        console.answer(f"… and {len(removals) - _SHOWN} more; --json lists them all")


def _say(count: int, size: int, console: Console, *, removed: bool) -> None:
    if not count:
        console.say("There is nothing that nothing needs.", "good")
    elif removed:
        console.say(f"Removed {count} objects and images, {size / 1e6:.1f} MB.", "good")
    else:
        console.say(f"No release and no last run of a branch needs these {count}, {size / 1e6:.1f} MB in all.")
        console.say("Remove them with: modelyard clean --remove")


def _age(text: str) -> timedelta:
    from datetime import timedelta

    from pydantic_core import PydanticCustomError

    from agent.config.field_types import seconds

    try:
        return timedelta(seconds=seconds(int(text) if text.isdecimal() else text))
    except PydanticCustomError as error:
        raise UsageError(f"--older-than {text}: {error.message()}") from None


COMMAND = Command(name="clean", help=purpose(__doc__), arguments=arguments, run=run)
