"""`modelyard cloud env`: what a shell, an IDE or a CI job needs in its environment to work in the cloud."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands.cloud.where import chosen_place, running_cloud, state_argument
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from agent.cloud.place import Place, Running
    from agent.console import Console

_BEHAVIOUR = frozenset({"AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_CA_BUNDLE", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"})
"""Variables that say how a client behaves; every other one says who it is or where it goes."""


def variables(running: Running, place: Place, account: str) -> dict[str, str]:
    """The environment of the administrator of ``account``; raises UsageError for an unknown one."""
    from agent.cloud.embedded import environment

    try:
        return {**environment(running, account), "MODELYARD_CLOUD": str(place.folder)}
    except KeyError:
        known = ", ".join(administrator.name for administrator in running.administrators)
        raise UsageError(f"this cloud has no account {account!r}; it has: {known}") from None


def foreign(present: Iterable[str], ours: Iterable[str]) -> list[str]:
    """The variables of ``present`` that would mix another identity or endpoint into ``ours``."""
    return sorted(
        name for name in present if name.startswith("AWS_") and name not in _BEHAVIOUR and name not in set(ours)
    )


def as_shell(values: Mapping[str, str], unwanted: Iterable[str]) -> str:
    """Lines for a POSIX shell's ``eval``."""
    lines = [f"unset {name}" for name in unwanted]
    return "\n".join(lines + [f"export {name}={shlex.quote(value)}" for name, value in values.items()])


def as_json(values: Mapping[str, str], _unwanted: Iterable[str]) -> str:
    """One JSON object."""
    return json.dumps(values, indent=2)


def as_dotenv(values: Mapping[str, str], _unwanted: Iterable[str]) -> str:
    """Lines of a ``.env`` file."""
    return "\n".join(f"{name}={value}" for name, value in values.items())


FORMATS: Mapping[str, Callable[[Mapping[str, str], Iterable[str]], str]] = {
    "sh": as_shell,
    "json": as_json,
    "dotenv": as_dotenv,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``env``."""
    state_argument(parser)
    account_argument(parser)
    parser.add_argument("--format", choices=FORMATS, default="sh", help="default: sh")


def account_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--account``."""
    parser.add_argument("--account", metavar="NAME", help="whose administrator to be (default: the first account)")


def env(arguments: argparse.Namespace, console: Console) -> int:
    """Print the environment."""
    running = running_cloud(arguments)
    values = variables(running, chosen_place(arguments), arguments.account or running.administrators[0].name)
    console.answer(FORMATS[arguments.format](values, foreign(os.environ, values)))
    return ExitCode.DONE


COMMAND = Command(name="env", help='for eval "$(modelyard cloud env)"', arguments=arguments, run=env)
