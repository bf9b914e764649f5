"""`modelyard cloud clock`: let the cloud's time pass faster than one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command, group
from agent.commands.cloud.where import running_cloud, state_argument
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.console import Console


def advance_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``clock advance``."""
    state_argument(parser)
    parser.add_argument("duration", metavar="DURATION", help="such as 90s, 15m, 2h, 1d or 1h30m")


def rate_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``clock rate``."""
    state_argument(parser)
    parser.add_argument("rate", type=float, metavar="N", help="the cloud's seconds in one real second")


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Print the cloud's time."""
    from agent.cloud.embedded import control

    _tell(console, control(running_cloud(arguments), "clock"))
    return ExitCode.DONE


def advance(arguments: argparse.Namespace, console: Console) -> int:
    """Jump forward; everything that is due by then happens now."""
    from agent.cloud.embedded import control

    _tell(console, control(running_cloud(arguments), "clock/advance", seconds=duration(arguments.duration)))
    return ExitCode.DONE


def rate(arguments: argparse.Namespace, console: Console) -> int:
    """Let time pass faster, or slower, from now on."""
    from agent.cloud.embedded import control

    _tell(console, control(running_cloud(arguments), "clock/rate", rate=arguments.rate))
    return ExitCode.DONE


def duration(text: str) -> int:
    """Seconds, from a number of them or from a text as in ``modelyard.yaml``; raises UsageError."""
    from agent.config.field_types import seconds

    try:
        return seconds(int(text) if text.isdecimal() else text)
    except ValueError as error:
        raise UsageError(f"{text!r} {error}") from None


def _tell(console: Console, clock: Mapping[str, Any]) -> None:
    console.answer(f"{clock['now']} ({clock['rate']:g} times as fast, {round(clock['offset']):+d} s from real time)")


COMMAND = group(
    name="clock",
    help="the cloud's own time",
    members=(
        Command(name="show", help="what time it is", arguments=state_argument, run=show),
        Command(name="advance", help="jump forward", arguments=advance_arguments, run=advance),
        Command(name="rate", help="let time pass faster", arguments=rate_arguments, run=rate),
    ),
)
