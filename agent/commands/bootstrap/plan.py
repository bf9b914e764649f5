"""`modelyard bootstrap plan`: what an apply would change, as CloudFormation's own change sets tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands.bootstrap.administrators import administrators
from agent.commands.bootstrap.ordered import load_configuration, order_arguments, ordered
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.bootstrap.changing import Planned
    from agent.console import Console
    from agent.ports.stacks import ResourceChange

_SIGNS = {"Add": ("+", "good"), "Modify": ("~", "warning"), "Remove": ("-", "error")}


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
        _say(found, console)
    return ExitCode.DONE


def document(planned: Planned) -> dict[str, Any]:
    """One stack's changes for programs."""
    return {
        "name": planned.order.label,
        "account": planned.order.account,
        "region": planned.order.region,
        "stack": planned.order.name,
        "new": planned.new,
        "changes": [
            {
                "action": change.action,
                "resource": change.resource,
                "type": change.kind,
                "template": planned.order.template.place(change.resource),
                "replaced": change.replaced,
                "properties": list(change.properties),
            }
            for change in planned.changes
        ],
    }


def _say(found: Sequence[Planned], console: Console) -> None:
    for planned in found:
        order = planned.order
        what = "new" if planned.new else "to change" if planned.changes else "nothing to change"
        console.say(f"{order.label}: {order.name} in account {order.account}, {order.region}: {what}", "strong")
        for change in planned.changes:
            sign, style = _SIGNS.get(change.action, ("?", "warning"))
            console.say(console.style(f"  {sign} {_words(change)}", style))


def _words(change: ResourceChange) -> str:
    properties = f": {', '.join(change.properties)}" if change.properties else ""
    return f"{change.resource} ({change.kind}){properties}{', replaced by a new one' if change.replaced else ''}"


COMMAND = Command(name="plan", help="show what `apply` would change", arguments=order_arguments, run=run)
