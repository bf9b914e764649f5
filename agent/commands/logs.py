"""`modelyard logs`: what a job's containers wrote, while it runs or long after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands import purpose
from agent.entry import open_selected, selection_arguments
from agent.errors import ExitCode, InputMissingError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.composition import Opened
    from agent.console import Console
    from agent.ports.jobs import JobKind, JobState

_PAUSE_SECONDS = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``logs``."""
    parser.add_argument("job", metavar="JOB", help="name of a training or processing job")
    parser.add_argument("--follow", action="store_true", help="go on until the job has ended")
    selection_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the lines."""
    from agent.composition import end_in_order
    from agent.ports.jobs import JobStatus

    opened = open_selected(options, console)
    end_in_order(opened.clock)
    kind, state = _find(opened, options.job)
    position: Mapping[str, str] = {}
    while True:
        running = state.status in {JobStatus.IN_PROGRESS, JobStatus.STOPPING}
        page = opened.context.accounts.tools.jobs.log(kind, options.job, position)
        for line in page.lines:
            console.answer(line)
        if not (options.follow and running):
            break
        position = page.position
        opened.clock.sleep(_PAUSE_SECONDS)
        kind, state = _find(opened, options.job)
    reason = f": {state.failure_reason}" if state.failure_reason else ""
    console.say(f"{options.job} is {state.status}{reason}", "faint")
    return ExitCode.DONE


def _find(opened: Opened, name: str) -> tuple[JobKind, JobState]:
    from agent.ports.jobs import JobKind

    tools = opened.context.accounts.tools
    for kind in JobKind:
        state = tools.jobs.describe(kind, name)
        if state is not None:
            return kind, state
    raise InputMissingError(
        f"account {tools.id} has no job {name!r} in {tools.region}; `modelyard status` shows the jobs of recent runs"
    )


COMMAND = Command(name="logs", help=purpose(__doc__), arguments=arguments, run=run)
