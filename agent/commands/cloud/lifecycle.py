"""`modelyard cloud up`, `down`, `status` and `reset`: the life of the cloud that stays between commands."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from agent.command import Command
from agent.commands.cloud.where import (
    chosen_place,
    hint,
    json_argument,
    require_parts,
    running_cloud,
    runtime_argument,
    state_argument,
)
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.cloud.place import Place, Running
    from agent.console import Console


def account(text: str) -> tuple[str, str]:
    """``NAME=ID`` of ``--account``: a short name, and the twelve digits of an AWS account."""
    found = re.fullmatch(r"([a-z][a-z0-9-]{0,31})=(\d{12})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=ID, such as staging=444444444444")
    return found[1], found[2]


def port(text: str) -> int:
    """A TCP port; 0 stands for any free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535")
    return int(text)


def up_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``up``."""
    state_argument(parser)
    parser.add_argument("--port", type=port, default=0, metavar="N", help="listen here (default: any free port)")
    runtime_argument(parser)
    parser.add_argument("--region", help="region of a new cloud (default: us-east-1)")
    parser.add_argument(
        "--account",
        type=account,
        action="append",
        metavar="NAME=ID",
        help="an account of a new cloud; repeatable (default: tools, qa and prod)",
    )


def up(arguments: argparse.Namespace, console: Console) -> int:
    """Start the cloud detached; one that is already up stays as it is."""
    require_parts()
    from agent.cloud.accounts import DEFAULT_ACCOUNTS, DEFAULT_REGION
    from agent.cloud.embedded import start

    place = chosen_place(arguments)
    accounts = distinct(arguments.account or DEFAULT_ACCOUNTS.items())
    with place.alone():
        running = place.running()
        already = running is not None
        if running is None:
            region, runtime = arguments.region or DEFAULT_REGION, arguments.runtime or "auto"
            running, _ = start(place, accounts, region, port=arguments.port, runtime=runtime)
    _report(console, place, running, "is already up" if already else "is up")
    _warn_of_ignored(arguments, console, place, running, already=already)
    console.answer(running.endpoint)
    return ExitCode.DONE


def distinct(accounts: Any) -> dict[str, str]:
    """The accounts by name; raises UsageError when a name or an id comes twice."""
    pairs = list(accounts)
    if len({name for name, _ in pairs}) < len(pairs) or len({number for _, number in pairs}) < len(pairs):
        raise UsageError("--account: every account needs a name and an id of its own")
    return dict(pairs)


def _report(console: Console, place: Place, running: Running, state: str) -> None:
    more = hint(place)
    console.say(f"The cloud {state} at {running.endpoint} ({running.region}).", "good")
    console.say(f"  accounts  {_in_words({a.name: a.account for a in running.administrators})}")
    console.say(f"  state     {place.folder}")
    console.say(f'  use it    eval "$(modelyard cloud env{more})"')
    console.say(f"  stop it   modelyard cloud down{more}")


def _warn_of_ignored(
    arguments: argparse.Namespace, console: Console, place: Place, running: Running, *, already: bool
) -> None:
    """A cloud keeps the accounts and the region it was made with, and a running one its port and its runtime."""
    kept = {name.name: name.account for name in running.administrators}
    ignored = {
        "--region": arguments.region not in {None, running.region},
        "--account": arguments.account is not None and dict(arguments.account) != kept,
        "--runtime": already and arguments.runtime is not None,
        "--port": bool(arguments.port) and not running.endpoint.endswith(f":{arguments.port}"),
    }
    options = " and ".join(option for option, is_ignored in ignored.items() if is_ignored)
    if options:
        console.say(
            f"warning: {options} ignored: the cloud in {place.folder} keeps what it has; "
            "for another, choose another folder with --state",
            "warning",
        )


def down(arguments: argparse.Namespace, console: Console) -> int:
    """Stop the cloud; ``up`` continues from where it was."""
    from agent.cloud.embedded import stop

    place = chosen_place(arguments)
    if stop(place):
        console.say(f"The cloud in {place.folder} is down; `modelyard cloud up{hint(place)}` continues from here.")
    else:
        console.say(f"No cloud runs in {place.folder}; nothing to do.")
    return ExitCode.DONE


def status_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``status``."""
    state_argument(parser)
    json_argument(parser)


def status(arguments: argparse.Namespace, console: Console) -> int:
    """Say where the cloud is, what time it has, what runs in it, and what it takes on disk."""
    from agent.cloud.embedded import control

    running = running_cloud(arguments)
    said = control(running, "status")
    described = {
        "endpoint": running.endpoint,
        "region": running.region,
        "pid": running.pid,
        "accounts": {administrator.name: administrator.account for administrator in running.administrators},
        "state": said["state"],
        "bytes": bytes_in(chosen_place(arguments).folder),
        "clock": said["clock"],
        "isolation": said["isolation"],
        "running": said["running"],
    }
    if arguments.json:
        console.answer_json(described)
    else:
        for line in in_lines(described):
            console.answer(line)
    return ExitCode.DONE


def in_lines(described: Mapping[str, Any]) -> list[str]:
    """The status for people, one property a line."""
    clock = described["clock"]
    return [
        f"endpoint   {described['endpoint']} (process {described['pid']})",
        f"region     {described['region']}",
        f"accounts   {_in_words(described['accounts'])}",
        f"state      {described['state']} ({described['bytes'] / 1e6:.1f} MB)",
        f"clock      {clock['now']} ({clock['rate']:g} times as fast, {round(clock['offset']):+d} s from real time)",
        f"isolation  {described['isolation']}",
        f"running    {', '.join(described['running']) or 'nothing'}",
    ]


def _in_words(accounts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in accounts.items())


def bytes_in(folder: Path) -> int:
    """The size on disk of a folder's files; those that vanish meanwhile do not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def reset(arguments: argparse.Namespace, console: Console) -> int:
    """Forget every resource of the running cloud; its accounts and keys stay."""
    from agent.cloud.embedded import control

    control(running_cloud(arguments), "reset")
    console.say("The cloud is empty again; its accounts and their keys are as they were.")
    return ExitCode.DONE


COMMANDS = (
    Command(name="up", help="start it, or say that it is up", arguments=up_arguments, run=up),
    Command(name="down", help="stop it; `up` continues from there", arguments=state_argument, run=down),
    Command(name="status", help="what runs where", arguments=status_arguments, run=status),
    Command(name="reset", help="forget everything but the accounts", arguments=state_argument, run=reset),
)
