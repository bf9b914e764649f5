"""Agents that come to an end at a certain moment: held up there by a slow cloud, then lost, or told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

from agent.cloud.embedded import control
from tests.prefork.prefork import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.world import World

_PATIENCE_SECONDS = 90
_END_SECONDS = 120


class Agent:
    """A command in a process group of its own, which ends with the block at the latest."""

    def __init__(self, world: World, *words: str, **environ: str) -> None:
        self._world = world
        self.since = world.last_call()
        self._process = subprocess.Popen(
            [*command(), *words],
            cwd=world.repository.folder,
            env={**world.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._world.cloud.clear_faults()
        if self._process.poll() is None:
            self.lose()

    def await_that(self, reached: Callable[[], bool], what: str) -> None:
        """Return once something is so, while the agent is still at work."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not reached():
            if self._process.poll() is not None:
                told = self._process.communicate()
                raise AssertionError(f"the agent ended before {what}: {told}")
            assert time.monotonic() < deadline, f"waited in vain: {what}"
            time.sleep(0.02)

    def await_answer(self, operation: str, path: str = "", count: int = 1) -> None:
        """Return once so many calls of an operation were answered well since the agent began."""
        calls = self._world.answered
        self.await_that(lambda: len(calls(operation, self.since, path)) >= count, f"{operation} was answered")

    def hold(self, operation: str, seconds: float = 2) -> None:
        """Return as soon as the agent's next request of an operation is under way, which takes ``seconds`` longer."""
        cloud = self._world.cloud
        number = str(cloud.fault("slow", operation=operation, seconds=seconds))
        self.await_that(lambda: number not in control(cloud.running, "faults/list")["faults"], f"{operation} began")

    def hold_after(self, operation: str) -> None:
        """Return once an operation was answered well, with the agent held up in whatever it does next."""
        self.hold(operation, 1)
        self._world.cloud.fault("slow", seconds=4, count=1000)
        self.await_answer(operation)

    def lose(self) -> None:
        """End it as the power would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._world.cloud.clear_faults()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def insist(self, number: signal.Signals) -> None:
        """Send it a signal again and again until it ends, as impatient people do."""
        while self._process.poll() is None:
            self.tell(number)
            time.sleep(0.1)

    def end(self, *, exits: int = 0) -> str:
        """Wait for its end, and insist on its exit code; what it told programs."""
        out, err = self._process.communicate(timeout=_END_SECONDS)
        assert self._process.returncode == exits, f"{self._process.args!r}: {self._process.returncode}\n{out}\n{err}"
        self.said = err
        return out
