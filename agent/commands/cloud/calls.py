"""`modelyard cloud calls`: what was called, by whom and with what end, to see what a program really does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands.cloud.where import json_argument, running_cloud, state_argument
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``calls``."""
    state_argument(parser)
    json_argument(parser)
    parser.add_argument("--since", type=int, default=0, metavar="N", help="only those after the one numbered N")


def calls(arguments: argparse.Namespace, console: Console) -> int:
    """Print the calls, oldest first."""
    from agent.cloud.embedded import control

    answered = control(running_cloud(arguments), "calls", since=arguments.since)["calls"]
    if arguments.json:
        console.answer_json(answered)
    else:
        for call in answered:
            console.answer(in_words(call))
    return ExitCode.DONE


def in_words(call: Mapping[str, Any]) -> str:
    """One call in one line: number, time, account, status, action, path."""
    moment = datetime.fromtimestamp(call["time"], UTC).strftime("%H:%M:%S")
    account = call["account"] or "-"
    return f"{call['number']:>6}  {moment}  {account:<12}  {call['status']}  {call['action']:<40} {call['path']}"


COMMAND = Command(name="calls", help="the calls it answered", arguments=arguments, run=calls)
