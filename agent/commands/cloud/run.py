"""`modelyard cloud run -- CMD`: a fresh cloud for one command, of which nothing remains."""

from __future__ import annotations

import argparse
import os
import signal
from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands.cloud.env import account_argument, foreign, variables
from agent.commands.cloud.where import require_parts, runtime_argument
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console import Console

_ENDINGS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_SIGNALLED = 128


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``run``."""
    account_argument(parser)
    runtime_argument(parser)
    parser.add_argument("--region", help="the cloud's region (default: us-east-1)")
    parser.add_argument("cmd", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command and its arguments")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Answer CMD's exit code, or 128 + n when signal n ended it, 127 when it is missing, 126 when it cannot run.

    Signals that end programs are blocked until everything is cleaned up: they are handed to CMD, and its end is ours.
    """
    require_parts()
    command: list[str] = arguments.cmd[1:] if arguments.cmd[:1] == ["--"] else arguments.cmd
    if not command:
        raise UsageError("give a command, such as: modelyard cloud run -- aws s3 ls")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS | {signal.SIGCHLD})
    try:
        return _run_in_fresh_cloud(command, arguments, console)
    finally:
        _forget_pending()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_in_fresh_cloud(command: list[str], arguments: argparse.Namespace, console: Console) -> int:
    from agent.cloud.accounts import DEFAULT_REGION
    from agent.cloud.embedded import EmbeddedCloud

    region, runtime = arguments.region or DEFAULT_REGION, arguments.runtime or "auto"
    with EmbeddedCloud(region=region, runtime=runtime) as cloud:
        account = arguments.account or cloud.running.administrators[0].name
        ours = variables(cloud.running, cloud.place, account)
        unwanted = foreign(os.environ, ours)
        environment = {name: value for name, value in os.environ.items() if name not in unwanted} | ours
        asked_to_end = signal.sigpending() & _ENDINGS
        if asked_to_end:
            return _SIGNALLED + int(min(asked_to_end))
        try:
            pid = _spawn(command, environment)
        except OSError as error:
            console.say(f"{console.style('error:', 'error')} cannot run {command[0]}: {error.strerror}")
            return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        return _await_end(pid)


def _spawn(command: list[str], environment: Mapping[str, str]) -> int:
    """Start ``command`` with no signal blocked or ignored by our doing; its process id."""
    ignored_by_python = [signal.SIGPIPE, signal.SIGXFSZ]
    return os.posix_spawnp(command[0], command, environment, setsigmask=[], setsigdef=ignored_by_python)


def _await_end(pid: int) -> int:
    """Hand signals on until the process has ended; its exit code as a shell gives it."""
    while True:
        received = signal.sigwaitinfo(_ENDINGS | {signal.SIGCHLD})
        if received.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else _SIGNALLED - code
        elif _sent_by_a_process(received):
            os.kill(pid, received.si_signo)


def _sent_by_a_process(received: signal.struct_siginfo) -> bool:
    """Whether the signal came to us alone: the terminal sends Ctrl-C to the command as well, by itself."""
    return received.si_code <= 0


def _forget_pending() -> None:
    """Drop what arrived while cleaning up, so that it does not replace the command's exit code."""
    while signal.sigtimedwait(_ENDINGS | {signal.SIGCHLD}, 0) is not None:
        pass


COMMAND = Command(name="run", help="run one command in a fresh cloud", arguments=arguments, run=run)
