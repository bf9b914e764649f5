"""How commands that start a build follow it: the log on stdout, what happens on stderr, the result as exit code."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from agent.console import Console
    from agent.jenkins.controller import Controller
    from agent.jenkins.events import Ended, Event
    from agent.jenkins.following import Follower

_HOURS = 24.0


def follow_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how long and how a build is followed."""
    parser.add_argument(
        "--timeout",
        type=float,
        default=_HOURS,
        metavar="HOURS",
        help=f"how long to follow at most, queue included; the build goes on then (default: {_HOURS:g})",
    )
    parser.add_argument(
        "--abort-on-interrupt", action="store_true", help="stop the build on Ctrl-C and SIGTERM, without asking"
    )
    parser.add_argument("--full", action="store_true", help="show also what Jenkins tells between the steps' lines")
    parser.add_argument("--no-wait", action="store_true", help="only start it")
    parser.add_argument("--json", action="store_true", help="one event a line; the last one says how it ended")


def show_build(controller: Controller, job: str, where: str, options: argparse.Namespace, console: Console) -> int:
    """Follow what was started; the exit code is 0 also for a model that was refused, for that is a result."""
    if options.no_wait:
        _say_started(where, options, console)
        return ExitCode.DONE
    from agent.clock import SystemClock
    from agent.jenkins.following import Follower

    hear = _machine(console) if options.json else _People(console, job, full=options.full).hear
    follower = Follower(controller, job, SystemClock(), hear, limit=timedelta(hours=options.timeout))
    ended = _until_end(follower, where, options, console)
    return ExitCode.INTERRUPTED if ended is None else ended.exit_code


def _say_started(where: str, options: argparse.Namespace, console: Console) -> None:
    if options.json:
        console.answer_line({"event": "queued", "url": where})
    else:
        console.say(f"queued: {where}")


def _until_end(follower: Follower, where: str, options: argparse.Namespace, console: Console) -> Ended | None:
    """How it ended; None where somebody stopped looking."""
    import signal

    if options.abort_on_interrupt:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return follower.follow(where)
    except KeyboardInterrupt:
        if not (options.abort_on_interrupt or _asked_to_stop(console)):
            console.say(f"It goes on: {follower.build or follower.item}", "warning")
            return None
    follower.stop()
    console.say("Stopping it; Ctrl-C once more does not wait for its end.", "warning")
    try:
        return follower.go_on()
    except KeyboardInterrupt:
        return None


def _asked_to_stop(console: Console) -> bool:
    """Whether a person at a terminal says so; nobody is asked elsewhere."""
    import sys

    if not (sys.stdin.isatty() and console.people.isatty()):
        return False
    console.people.write("\nStop the build too? [y/N] ")
    console.people.flush()
    try:
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    except KeyboardInterrupt:
        return False


def _machine(console: Console) -> Callable[[Event], None]:
    from agent.jenkins.events import event_document

    return lambda event: console.answer_line(event_document(event))


class _People:
    """Says events to people."""

    def __init__(self, console: Console, job: str, *, full: bool) -> None:
        self._console = console
        self._job = job
        self._full = full

    def hear(self, event: Event) -> None:
        from agent.jenkins.events import Asked, Away, Ended, Logged, Queued, Started

        say = self._console.say
        match event:
            case Logged(line=line):
                self._log(line)
            case Queued(why=why):
                say(f"in the queue: {why}", "faint")
            case Started(url=url):
                say(f"build {url}/", "strong")
            case Asked(input=asked):
                word = self._job.split("/", 1)[-1]
                say(f"waits for an answer: {asked.message}", "warning")
                say(f"  modelyard jenkins approve {word} {asked.number} --reason … (or abort), or {asked.url}input/")
            case Away(reason=reason):
                say(f"{reason}; waiting for it", "warning")
            case Ended():
                self._say_end(event)

    def _log(self, line: str) -> None:
        from agent.jenkins.readable import readable

        told = line if self._full else readable(line)
        if told is not None:
            self._console.answer(told)

    def _say_end(self, ended: Ended) -> None:
        about = f": {ended.description}" if ended.description else ""
        style = {"SUCCESS": "good", "UNSTABLE": "warning"}.get(ended.result, "error")
        self._console.say(f"{ended.result} after {ended.seconds:.0f} s{about}", style)
