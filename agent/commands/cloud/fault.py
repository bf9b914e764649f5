"""`modelyard cloud fault`: AWS's bad days on request, to see what a pipeline makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.command import Command, group
from agent.commands.cloud.where import json_argument, running_cloud, state_argument
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``fault add``."""
    state_argument(parser)
    parser.add_argument(
        "kind",
        metavar="KIND",
        help="for requests: throttling, limit, internal, slow, cut, expired-token; "
        "for jobs and endpoints: capacity, job-failure, interruption, unhealthy",
    )
    parser.add_argument("--operation", metavar="PATTERN", help="actions, such as 'sagemaker:Create*' (default: every)")
    parser.add_argument("--account", help="an account's name or id (default: every account)")
    parser.add_argument("--resource", metavar="PATTERN", help="names of jobs or endpoints (default: every)")
    parser.add_argument("--count", type=int, metavar="N", help="how often it strikes (default: 1)")
    parser.add_argument("--seconds", type=float, help="the delay of `slow`; for jobs, the running time at which")


def add(arguments: argparse.Namespace, console: Console) -> int:
    """Switch a fault on and answer its number."""
    from agent.cloud.embedded import control
    from agent.cloud.faults import FaultKind

    kinds = [kind.value for kind in FaultKind]
    if arguments.kind not in kinds:
        raise UsageError(f"there is no fault {arguments.kind!r}; there are: {', '.join(kinds)}")
    running = running_cloud(arguments)
    account = arguments.account
    if account not in {None, "*"}:
        try:
            account = running.administrator(account).account
        except KeyError:
            known = ", ".join(administrator.name for administrator in running.administrators)
            raise UsageError(f"this cloud has no account {account!r}; it has: {known}") from None
    chosen = {
        "kind": arguments.kind,
        "operation": arguments.operation,
        "account": account,
        "resource": arguments.resource,
        "count": arguments.count,
        "seconds": arguments.seconds,
    }
    answer = control(running, "faults/add", **{name: value for name, value in chosen.items() if value is not None})
    console.say(f"Fault {answer['number']} is on.")
    console.answer(str(answer["number"]))
    return ExitCode.DONE


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``fault list``."""
    state_argument(parser)
    json_argument(parser)


def list_faults(arguments: argparse.Namespace, console: Console) -> int:
    """Print the faults that are still to strike."""
    from agent.cloud.embedded import control

    faults = control(running_cloud(arguments), "faults/list")["faults"]
    if arguments.json:
        console.answer_json(faults)
        return ExitCode.DONE
    for number, fault in faults.items():
        console.answer(f"{number:>3}  {in_words(fault)}")
    if not faults:
        console.say("No fault is on.")
    return ExitCode.DONE


def in_words(fault: Mapping[str, Any]) -> str:
    """A fault for people: what it is, whom it strikes and how often."""
    at = f" at {fault['seconds']:g} s" if fault["seconds"] else ""
    whom = f"{fault['operation']} of {fault['resource']} in account {fault['account']}"
    return f"{fault['kind']}{at}, {fault['count']} more, on {whom}"


def remove_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``fault remove``."""
    state_argument(parser)
    parser.add_argument("number", type=int, metavar="N", help="the number that `fault add` and `fault list` print")


def remove(arguments: argparse.Namespace, console: Console) -> int:
    """Switch one fault off; raises UsageError when it is not on."""
    from agent.cloud.embedded import control

    if not control(running_cloud(arguments), "faults/remove", number=arguments.number)["removed"]:
        raise UsageError(f"fault {arguments.number} is not on; see: modelyard cloud fault list")
    console.say(f"Fault {arguments.number} is off.")
    return ExitCode.DONE


def clear(arguments: argparse.Namespace, console: Console) -> int:
    """Switch every fault off."""
    from agent.cloud.embedded import control

    control(running_cloud(arguments), "faults/clear")
    console.say("Every fault is off.")
    return ExitCode.DONE


COMMAND = group(
    name="fault",
    help="let AWS have a bad day",
    members=(
        Command(name="add", help="switch a fault on", arguments=add_arguments, run=add),
        Command(name="list", help="the faults that are on", arguments=list_arguments, run=list_faults),
        Command(name="remove", help="switch one off", arguments=remove_arguments, run=remove),
        Command(name="clear", help="switch all off", arguments=state_argument, run=clear),
    ),
)
