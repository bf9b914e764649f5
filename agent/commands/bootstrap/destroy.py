"""`modelyard bootstrap destroy`: take a project's stacks away, and what they keep only when told so twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands.bootstrap.administrators import administrator_arguments, administrators
from agent.commands.bootstrap.confirmation import confirm
from agent.commands.bootstrap.ordered import configuration_argument, load_configuration
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.bootstrap.removing import Extent, Removed
    from agent.bootstrap.survey import Survey
    from agent.config.model import Configuration
    from agent.console import Console

SHORTEST_WAIT, LONGEST_WAIT = 7, 30
"""Days that KMS waits before it deletes a key (``PendingWindowInDays``)."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``destroy``."""
    parser.add_argument("account", nargs="*", metavar="ACCOUNT", help="only `tools` or these environments")
    configuration_argument(parser)
    parser.add_argument("--dry-run", action="store_true", help="only list what would go and what would stay")
    parser.add_argument("--yes", metavar="PROJECT", help="do not ask; the project's name says that it is the right one")
    parser.add_argument("--with-endpoints", action="store_true", help="remove endpoints that still serve, too")
    parser.add_argument(
        "--with-data", action="store_true", help="remove what outlives the stacks, too: bucket, images, models, keys"
    )
    parser.add_argument("--yes-data", metavar="BUCKET", help="do not ask about the data; its bucket's name says yes")
    parser.add_argument(
        "--key-days",
        type=int,
        default=LONGEST_WAIT,
        metavar="DAYS",
        help=f"after how many days keys go with --with-data, from {SHORTEST_WAIT} (default: {LONGEST_WAIT})",
    )
    administrator_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """List, ask, remove."""
    from agent.bootstrap.destroy import destroy, look, refuse_serving
    from agent.bootstrap.orders import chosen, orders
    from agent.bootstrap.survey import left_behind
    from agent.clock import SystemClock
    from agent.view.plain import PlainReporter

    extent = _extent(options)
    configuration = load_configuration(options)
    clients_of = administrators(options, configuration)
    found = look(configuration, chosen(orders(configuration), options.account), clients_of)
    _say(found, extent, console)
    if left := left_behind(configuration, found):
        console.say(f"Environments that stay ({', '.join(left)}) read their models and images in tools.", "warning")
    if options.dry_run or not _is_anything(found, extent):
        if options.json:
            console.answer_json(document(found, ()))
        return ExitCode.DONE
    refuse_serving(found, extent)
    _ask(options, configuration, extent, console)
    done = destroy(found, clients_of, extent, clock=SystemClock(), report=PlainReporter(console))
    if options.json:
        console.answer_json(document(found, done))
    return ExitCode.DONE


def document(found: Sequence[Survey], done: Sequence[Removed]) -> dict[str, Any]:
    """The answer for programs; ``outcome`` is null for what was only looked at."""
    ends = {each.survey.order.name: each for each in done}
    return {"stacks": [_entry(each, ends.get(each.order.name)) for each in found]}


def _entry(survey: Survey, removed: Removed | None) -> dict[str, Any]:
    from agent.bootstrap.survey import WHY_KEPT

    told = removed.kept if removed else {}
    return {
        "name": survey.order.label,
        "account": survey.order.account,
        "region": survey.order.region,
        "stack": survey.order.name,
        "status": survey.status,
        "outcome": removed and removed.end,
        "endpoints": list(survey.endpoints),
        "goes": [{"resource": part.resource, "type": part.kind, "id": part.physical_id} for part in survey.goes],
        "stays": [
            {"kind": each.kind, "name": each.name, "why": WHY_KEPT[each.kind], "outcome": told.get(each)}
            for each in survey.stays
        ],
    }


def _extent(options: argparse.Namespace) -> Extent:
    from agent.bootstrap.removing import Extent

    if not SHORTEST_WAIT <= options.key_days <= LONGEST_WAIT:
        raise UsageError(f"--key-days {options.key_days}: KMS waits from {SHORTEST_WAIT} to {LONGEST_WAIT} days")
    return Extent(endpoints=options.with_endpoints, data=options.with_data, key_days=options.key_days)


def _is_anything(found: Sequence[Survey], extent: Extent) -> bool:
    return any(each.status or (extent.data and each.stays) or (extent.endpoints and each.endpoints) for each in found)


def _ask(options: argparse.Namespace, configuration: Configuration, extent: Extent, console: Console) -> None:
    from agent import naming

    project, tools = configuration.project, configuration.tools
    confirm(console, expected=project, given=options.yes, option="--yes", about=f"these stacks of {project}")
    if extent.data:
        bucket = naming.bucket(project, tools.account, tools.region)
        about = f"the data of {project} for good"
        confirm(console, expected=bucket, given=options.yes_data, option="--yes-data", about=about)


def _say(found: Sequence[Survey], extent: Extent, console: Console) -> None:
    from agent.bootstrap.survey import WHY_KEPT

    for each in found:
        order = each.order
        what = "to remove" if each.status else "is not there"
        console.say(f"{order.label}: {order.name} in account {order.account}, {order.region}: {what}", "strong")
        for endpoint in each.endpoints:
            console.say(console.style(f"  ! endpoint {endpoint} still serves", "warning"))
        for part in each.goes:
            console.say(console.style(f"  - {part.resource} ({part.kind}): {part.physical_id}", "error"))
        for kept in each.stays:
            line = f"{kept.kind} {kept.name}"
            console.say(
                console.style(f"  - {line}, for good", "error")
                if extent.data
                else f"  = {line} stays: {WHY_KEPT[kept.kind]}"
            )
    if not _is_anything(found, extent):
        console.say("There is nothing to do.")


COMMAND = Command(
    name="destroy", help="remove the stacks; data stay unless said otherwise", arguments=arguments, run=run
)
