"""The reference page of the faults, made of what the tests declare."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import endpoints, jobs, kept, machine, previews, services, weather
from tests.faults.forge import Forge
from tests.faults.scene import Stage, commits_at_one_time
from tests.faults.walking import COMMAND, RECORDING, recorded, undisturbed
from tests.faults.writes import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.case import Case
    from tests.faults.writes import Write

TABLES: dict[str, tuple[Case, ...]] = {
    "AWS is busy, or short of machines": weather.CASES,
    "AWS is broken or closed": services.CASES,
    "Jobs": jobs.CASES,
    "Endpoints and the model registry": endpoints.CASES,
    "Pull requests and their endpoints": previews.CASES,
    "What is kept": kept.CASES,
    "The agent's machine, and who runs it": machine.CASES,
}
_HEAD = f"""\
# Faults

<!-- written by: {COMMAND} -->

Every line here is a test of `tests/faults/`, on the embedded cloud with enforcement on. Each ends with the command
being run again, once what was wrong is cured: it ends well, the environment serves its release, and that is the
release of an undisturbed run, to the digest (in a project with a past: but for the number that makes its training
another one than any before). Training jobs and model packages are counted, and the ledger is read through for gaps and
leases that are still held. *Exit* is the exit code of the disturbed command, *ledger* what its attempt at the step says
afterwards. Where waiting is long, it is by the agent's clock: such waits pass at once.
"""

_LOST = """\
An agent was killed (SIGKILL) at each of these writes, twice: right before it reached AWS, and when it was done and not
answered yet. Nobody chose them: they are what the cloud's log of calls has of a model's way into production and back,
and of a pull request's, with every kind of gate, until its endpoint's time is over. The next run did what was missing
and found what was there; at the end releases and environments were those of an undisturbed way, of the pull request
nothing was left, and nothing was done twice. Blobs of an image travel side by side, and are one line.
"""


def faults_page() -> str:
    """The page."""
    return "\n".join([_HEAD, *_cases(), *_writes(), ""])


def _cases() -> Iterator[str]:
    for title, cases in TABLES.items():
        yield f"## {title}\n"
        yield "| case | step | what happens | exit | ledger | then the command again |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for case in cases:
            exit_code = f"{int(case.exit_code)} ({case.exit_code.name.lower().replace('_', ' ')})"
            cells = (f"`{case.name}`", case.step, case.what, exit_code, case.noted or "-", case.rerun)
            yield f"| {' | '.join(cells)} |"
        yield ""


def _writes() -> Iterator[str]:
    yield "## An agent is lost at a write\n"
    yield _LOST
    yield "| stage | action | resource |"
    yield "| --- | --- | --- |"
    for write in recorded():
        yield f"| {write.stage} | `{write.action}` | {_resource(write)} |"


def _resource(write: Write) -> str:
    which = f" (write {write.nth})" if write.nth > 1 else ""
    return f"`{write.resource}`{which}" if write.resource else which.strip(" ()") or "-"


def record_writes() -> None:
    """Keep what is written on an undisturbed way."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("HOME", str(folder))
        stack.enter_context(commits_at_one_time())
        first, second = (stack.enter_context(Forge(folder)) for _ in range(2))
        way = undisturbed(Stage(stack=stack, forge=first, second=second, folder=folder))
    RECORDING.write_text(
        json.dumps([asdict(write) for write in in_order(way.writes)], indent=1, ensure_ascii=False) + "\n"
    )
