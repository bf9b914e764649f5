"""`modelyard bootstrap plan`: what an apply would change, as CloudFormation's own change sets tell it, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands.bootstrap.administrators import administrators
from agent.commands.bootstrap.ordered import load_configuration, order_arguments, ordered
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from agent.bootstrap.changing import Planned
    from agent.bootstrap.difference import Difference
    from agent.console import Console
    from agent.ports.stacks import ResourceChange

_SIGNS = {"Add": ("+", "good"), "Modify": ("~", "warning"), "Remove": ("-", "error")}
_REPLACED, _PERHAPS = ("-/+", "error"), ("~?", "error")
_EMPTY = "(none)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``plan``."""
    order_arguments(parser)
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help=f"end with {int(ExitCode.WARNED)} where something would change, for scripts",
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Show the changes; nothing is changed."""
    from agent.bootstrap.apply import plan
    from agent.clock import SystemClock
    from agent.view.plain import PlainReporter

    configuration = load_configuration(options)
    found = plan(
        ordered(options, configuration),
        administrators(options, configuration),
        clock=SystemClock(),
        report=PlainReporter(console),
    )
    if options.json:
        console.answer_json({"stacks": [document(planned) for planned in found]})
    else:
        for line, style in (line for planned in found for line in lines(planned)):
            console.say(line, style)
    changes = any(planned.new or planned.changes for planned in found)
    return ExitCode.WARNED if options.exit_code and changes else ExitCode.DONE


def document(planned: Planned) -> dict[str, Any]:
    """One stack's changes for programs."""
    return {
        "name": planned.order.label,
        "account": planned.order.account,
        "region": planned.order.region,
        "stack": planned.order.name,
        "new": planned.new,
        "parameters": {name: {"from": old, "to": new} for name, (old, new) in planned.parameters.items()},
        "changes": [
            {
                "action": change.action,
                "resource": change.resource,
                "type": change.kind,
                "template": planned.order.template.place(change.resource),
                "replaced": change.replaced,
                "perhaps_replaced": change.perhaps,
                "retained": change.retained,
                "properties": list(change.properties),
                "inside": [
                    {"block": each.block, "removed": list(each.removed), "added": list(each.added)}
                    for each in planned.inside.get(change.resource, ())
                ],
            }
            for change in planned.changes
        ],
    }


def lines(planned: Planned) -> Iterator[tuple[str, str]]:
    """One stack's changes for people: each line with its style."""
    order = planned.order
    what = "new" if planned.new else "to change" if planned.changes else "nothing to change"
    yield f"{order.label}: {order.name} in account {order.account}, {order.region}: {what}", "strong"
    for name, (old, new) in planned.parameters.items():
        yield f"    {name}: {old or _EMPTY} -> {new or _EMPTY}", "faint"
    for change in planned.changes:
        sign, style = _sign(change)
        yield f"  {sign} {_words(change)}", style
        yield from _inside(planned.inside.get(change.resource, ()))


def _inside(found: Sequence[Difference]) -> Iterator[tuple[str, str]]:
    for each in found:
        yield f"      {each.block}", ""
        yield from ((f"        - {line}", "error") for line in each.removed)
        yield from ((f"        + {line}", "good") for line in each.added)


def _sign(change: ResourceChange) -> tuple[str, str]:
    if change.replaced:
        return _REPLACED
    return _PERHAPS if change.perhaps else _SIGNS.get(change.action, ("?", "warning"))


def _words(change: ResourceChange) -> str:
    properties = f": {', '.join(change.properties)}" if change.properties else ""
    fate = "REPLACED by a new one" if change.replaced else "PERHAPS REPLACED by a new one" if change.perhaps else ""
    stays = "the present one stays, outside of the stack" if change.retained else ""
    return ", ".join(word for word in (f"{change.resource} ({change.kind}){properties}", fate, stays) if word)


COMMAND = Command(name="plan", help="show what `apply` would change", arguments=arguments, run=run)
