"""`modelyard clean`: lists what nothing needs any more, and removes it when told to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from agent.cleaning.plan import Removal
    from agent.cleaning.previews import Leftover
    from agent.composition import Opened
    from agent.console import Console
    from agent.ports.account import Account

_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``clean``."""
    parser.add_argument("--remove", action="store_true", help="remove what is listed")
    parser.add_argument(
        "--expired-only", action="store_true", help="only endpoints of pull requests whose time is over, and what is "
        "left of such"
    )  # fmt: skip
    parser.add_argument(
        "--older-than", default="7d", metavar="AGE", help="leave objects and images that are younger (default: 7d)"
    )
    selection_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


@dataclass(frozen=True, kw_only=True)
class _Beside:
    """What can go beside the endpoint of an environment."""

    environment: str
    account: Account
    found: Sequence[Leftover]


def run(options: argparse.Namespace, console: Console) -> int:
    """List, then remove if asked; endpoints first, for they cost by the hour."""
    from agent.composition import end_in_order

    age = _age(options.older_than)
    opened = open_selected(options, console)
    beside = [] if opened.configuration.pull_requests.endpoint is None else [*_beside(opened)]
    removals = () if options.expired_only else _removals(opened, age)
    if options.json:
        console.answer_json(_document(beside, removals, removed=options.remove))
    else:
        _show_leftovers(beside, console)
        _show(removals, console, opened)
    if options.remove:
        end_in_order(opened.clock)
        _remove(beside, removals, opened)
    if not options.json:
        _say(sum(len(one.found) for one in beside), removals, console, options)
    return ExitCode.DONE


def _removals(opened: Opened, age: timedelta) -> Sequence[Removal]:
    from agent import naming
    from agent.cleaning.plan import plan

    pushed = opened.context.accounts.tools.images.pushed(naming.repository(opened.configuration.project))
    return plan(opened.context.ledger, pushed, now=opened.clock.now(), age=age)


def _beside(opened: Opened) -> Iterator[_Beside]:
    """Environments for tests only: production has no endpoints of pull requests."""
    from agent.cleaning.previews import Search
    from agent.deployment.order import enter

    for name, environment in opened.configuration.environments.items():
        if not environment.production:
            account = enter(environment, opened.context)
            search = Search(
                endpoints=account.endpoints,
                project=opened.configuration.project,
                endpoint=environment.endpoint.name,
                now=opened.clock.now(),
            )
            yield _Beside(environment=name, account=account, found=search.found())


def _document(beside: Sequence[_Beside], removals: Sequence[Removal], *, removed: bool) -> dict[str, object]:
    return {
        "removed": removed,
        "found": [asdict(removal) for removal in removals],
        "previews": [
            {"environment": one.environment, "account": one.account.id, "region": one.account.region, **asdict(each)}
            for one in beside
            for each in one.found
        ],
    }


def _remove(beside: Sequence[_Beside], removals: Sequence[Removal], opened: Opened) -> None:
    from agent import naming
    from agent.cleaning.previews import remove

    ledger, tools = opened.context.ledger, opened.context.accounts.tools
    for one in beside:
        for leftover in one.found:
            opened.clock.check()
            remove([leftover], one.account.endpoints)
    for removal in removals:
        opened.clock.check()
        if removal.kind == "object":
            ledger.objects.delete(ledger.bucket, removal.name)
    images = [removal.name for removal in removals if removal.kind == "image"]
    tools.images.delete(naming.repository(opened.configuration.project), images)


def _show_leftovers(beside: Sequence[_Beside], console: Console) -> None:
    for one in beside:
        for each in one.found:
            where = f"{each.kind} {each.name} in {one.account.id}, {one.account.region}"
            console.answer(f"{where}: pull request {each.pull_request}, {each.reason}")


def _show(removals: Sequence[Removal], console: Console, opened: Opened) -> None:
    from agent import naming

    repository = naming.repository(opened.configuration.project)
    where = {"object": f"s3://{opened.context.ledger.bucket}/", "image": f"{repository}@"}
    for removal in removals[:_SHOWN]:
        console.answer(f"{where[removal.kind]}{removal.name}")
    if len(removals) > _SHOWN:
        console.answer(f"… and {len(removals) - _SHOWN} more; --json lists them all")


def _say(previews: int, removals: Sequence[Removal], console: Console, options: argparse.Namespace) -> None:
    size = sum(removal.size for removal in removals) / 1e6
    parts = (
        f"{len(removals)} objects and images ({size:.1f} MB)" if removals else "",
        f"{previews} endpoints, configurations and models of pull requests" if previews else "",
    )
    said = " and ".join(part for part in parts if part)
    if not said:
        console.say("There is nothing that nothing needs.", "good")
    elif options.remove:
        console.say(f"Removed {said}.", "good")
    else:
        console.say(f"No release, no last run and no open pull request needs {said}.")
        console.say(f"Remove them with: modelyard clean --remove{' --expired-only' if options.expired_only else ''}")


def _age(text: str) -> timedelta:
    from datetime import timedelta

    from pydantic_core import PydanticCustomError

    from agent.config.field_types import seconds

    try:
        return timedelta(seconds=seconds(int(text) if text.isdecimal() else text))
    except PydanticCustomError as error:
        raise UsageError(f"--older-than {text}: {error.message()}") from None


COMMAND = Command(name="clean", help=purpose(__doc__), arguments=arguments, run=run)
