"""A reader at a shell: types the commands of a page one after another and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.prefork.prefork import FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "MODELYARD_DOCUMENTED_COMMAND"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command answered on stdout and stderr together, and its exit code."""

    output: str
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """The outcomes of the commands that were reached, and the command lines of processes left running (now ended)."""

    outcomes: tuple[Outcome, ...]
    left_running: tuple[str, ...]


def play(commands: Sequence[str], folder: Path) -> Transcript:
    """Type ``commands`` into one shell that starts in ``folder``, with this environment's programs first on PATH.

    Raises :class:`RuntimeError` for a shell inside a shell, which would never end.
    """
    if MARK in os.environ:
        raise RuntimeError("a documented command runs the tests of the documentation: label its block `no-test`")
    mark = uuid.uuid4().hex
    script = folder.parent / f"{folder.name}.sh"
    answers = folder.parent / f"{folder.name}.txt"
    script.write_text("".join(f"{command}\nprintf '\\n{mark} %s\\n' $?\n" for command in commands))
    programs = [*filter(None, [os.environ.get(FOLDER)]), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(programs),
        "COLUMNS": "120",
        # A page that shows an installation must not change the environment of the tests.
        "PIP_DRY_RUN": "1",
        MARK: mark,
    }
    shell = ["bash", "--noprofile", "--norc", str(script)]
    # A file and not a pipe: a service started in the background would hold a pipe open for ever.
    with answers.open("wb") as output:
        try:
            subprocess.run(
                shell, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
            )
        finally:
            left = _end_left_over(mark)
    return Transcript(outcomes=_outcomes(answers.read_text("utf-8", "replace"), mark), left_running=left)


def _outcomes(text: str, mark: str) -> tuple[Outcome, ...]:
    outcomes: list[Outcome] = []
    output: list[str] = []
    for line in text.splitlines():
        if line.startswith(mark):
            outcomes.append(Outcome(output="\n".join(output).strip("\n"), exit_code=int(line.split()[1])))
            output = []
        else:
            output.append(line)
    return tuple(outcomes)


def _end_left_over(mark: str) -> tuple[str, ...]:
    """End every process that was started from the shell with ``mark`` and is still there; answer what they were."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                left.append((process / "cmdline").read_text().replace("\0", " ").strip())
                os.kill(int(process.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return tuple(left)
