"""Makes agents fast: a process that has imported everything and forks for each command, so that a run begins at once.

An agent is an ordinary process all the same, with a process group of its own, that can be killed at any moment.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from agent.clock import SystemClock
from tests.prefork.ready import import_everything

if TYPE_CHECKING:
    from collections.abc import Mapping

_END_SECONDS = 200
_LONG_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, and what it told programs and people."""

    code: int
    told: str
    said: str


@dataclass(kw_only=True)
class Child:
    """An agent under way."""

    words: tuple[str, ...]
    pid: int
    told: Path
    said: Path
    _forge: subprocess.Popen[str]
    _code: int | None = field(default=None)

    def kill(self) -> None:
        """End it as the power would, and wait until it is gone."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    @property
    def over(self) -> bool:
        """Whether it has ended, by itself or not; the forge has not been asked how."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z" if self._there else True

    @property
    def _there(self) -> bool:
        return self._code is None and Path(f"/proc/{self.pid}").exists()

    def wait(self) -> int:
        """Its exit code, negative for the signal that ended it."""
        if self._code is None:
            assert self._forge.stdout is not None
            self._code = int(self._forge.stdout.readline())
        return self._code

    def end(self) -> Ended:
        """Wait for its end."""
        return Ended(code=self.wait(), told=self.told.read_text(), said=self.said.read_text())


class _HurriedClock(SystemClock):
    """Long waits take a moment and the time that they should have taken, so that half an hour's patience ends."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = timedelta()

    def now(self) -> datetime:
        return super().now() + self._skipped

    def sleep(self, seconds: float) -> None:
        is_long = seconds > _LONG_SECONDS
        super().sleep(0.0 if is_long else seconds)
        self._skipped += timedelta(seconds=seconds if is_long else 0.0)


class _LaterClock(SystemClock):
    """So many hours later."""

    def __init__(self, hours: float) -> None:
        super().__init__()
        self._on = timedelta(hours=hours)

    def now(self) -> datetime:
        return super().now() + self._on


class Forge:
    """One process that makes agents, one after the other; it begins with the first and ends with the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def __enter__(self) -> Self:
        return self

    @cached_property
    def _process(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", __spec__.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __exit__(self, *_: object) -> None:
        if not self._made:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_END_SECONDS)

    def begin(
        self,
        *words: str,
        folder: Path,
        environ: Mapping[str, str],
        largest_file: int | None = None,
        hurried: bool = False,
        hours: float = 0,
    ) -> Child:
        """Start a command; what it tells programs and people goes into files of its own.

        It is on a machine that has no room for more than ``largest_file`` bytes in a file, and on a ``hurried`` one
        long waits are over at once, though not by its clock, which is so many ``hours`` on.
        """
        self._made += 1
        told, said = (self._folder / f"{self._made}.{name}" for name in ("out", "err"))
        order = {
            "words": words,
            "folder": str(folder),
            "environ": dict(environ),
            "out": str(told),
            "err": str(said),
            "largest_file": largest_file,
            "hurried": hurried,
            "hours": hours,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        return Child(words=words, pid=pid, told=told, said=said, _forge=self._process)


def main() -> int:
    """Fork for each order on standard input: answer its process id, and its exit code when it has ended."""
    import_everything()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _answer(child)
        _answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return 0


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become(order: Mapping[str, Any]) -> NoReturn:
    from agent import composition
    from agent.cli import main as modelyard

    code = os.EX_SOFTWARE
    try:
        os.setsid()
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environ"])
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if order["largest_file"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"],) * 2)
        if order["hurried"]:
            vars(composition)["SystemClock"] = _HurriedClock
        if order["hours"]:
            vars(composition)["SystemClock"] = partial(_LaterClock, order["hours"])
        code = modelyard(order["words"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
