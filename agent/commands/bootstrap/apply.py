"""`modelyard bootstrap apply`: bring every account to what the configuration asks for."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands.bootstrap.administrators import administrators
from agent.commands.bootstrap.ordered import load_configuration, order_arguments, ordered
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from agent.bootstrap.changing import Applied
    from agent.config.model import Configuration
    from agent.console import Console


def run(options: argparse.Namespace, console: Console) -> int:
    """Apply, and say what is left to do."""
    from agent.bootstrap.apply import apply
    from agent.clock import SystemClock
    from agent.view.plain import PlainReporter

    configuration = load_configuration(options)
    done = apply(
        ordered(options, configuration),
        administrators(options, configuration),
        clock=SystemClock(),
        report=PlainReporter(console),
    )
    if options.json:
        console.answer_json(document(configuration, done))
    else:
        _say(configuration, done, console)
    return ExitCode.DONE


def document(configuration: Configuration, done: Sequence[Applied]) -> dict[str, Any]:
    """The answer for programs."""
    from agent.bootstrap.advice import build_server, missing_settings

    server = build_server(configuration, done)
    return {
        "stacks": [
            {
                "name": stack.order.label,
                "account": stack.order.account,
                "region": stack.order.region,
                "stack": stack.order.name,
                "outcome": stack.outcome,
                "outputs": stack.outputs,
            }
            for stack in done
        ],
        "configuration": missing_settings(configuration),
        "build_server": server and asdict(server),
    }


def _say(configuration: Configuration, done: Sequence[Applied], console: Console) -> None:
    from agent.bootstrap.advice import build_server, missing_settings, without_external_id

    rows = [(stack.order.label, stack.order.account, stack.order.region, stack.order.name) for stack in done]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    console.say("")
    for row, stack in zip(rows, done, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.say(f"  {cells}  {console.style(stack.outcome, _STYLES[stack.outcome])}")
    missing = missing_settings(configuration)
    if missing:
        console.say("\nPut into modelyard.yaml:")
        for key, value in missing.items():
            console.say(f"  {key}: {value}")
    for name in without_external_id(configuration):
        console.say(
            f"\nThe deploy role of {name} asks for no external id: add `external_id` and apply again.", "warning"
        )
    server = build_server(configuration, done)
    if server is None:
        return
    console.say(f"\nThe build server is {server.principal}.")
    if server.keyless:
        console.say(
            f"Give the instance its profile: {server.profile}"
            if server.profile
            else "It needs no access key: docs/how-to/accounts.md says how it gets this role."
        )
    elif server.made:
        console.say("Its access key: modelyard bootstrap key (told once; keep it as a Jenkins credential)")
    else:
        console.say(f"It needs this policy attached, unless it has it: {server.policy}")


_STYLES = {"created": "good", "updated": "good", "unchanged": "faint"}

COMMAND = Command(
    name="apply", help="create or update the stacks, and wait until they are done", arguments=order_arguments, run=run
)
