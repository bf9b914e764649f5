"""Hands on what a job's containers write, as it comes, and remembers the end of it for the case of a failure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from agent.errors import ModelyardError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.ports.jobs import JobKind, Jobs
    from agent.ports.reporter import Reporter

LAST_LINES = 20
"""Lines that a failure shows."""


class LogFollower:
    """The log of one job; a log that cannot be read is told once and keeps no job from going on."""

    def __init__(self, jobs: Jobs, kind: JobKind, name: str, report: Reporter) -> None:
        self._jobs = jobs
        self._kind = kind
        self._name = name
        self._report = report
        self._position: Mapping[str, str] = {}
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._told = False

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines so far."""
        return tuple(self._last)

    def catch_up(self, *, whole: bool = False) -> None:
        """Hand on what is new; ``whole`` goes on to the end of what is there."""
        while self._read() and whole:
            pass

    def _read(self) -> bool:
        """Hand on one page; whether there is more."""
        try:
            page = self._jobs.log(self._kind, self._name, self._position)
        except ModelyardError as error:
            if not self._told:
                self._report.warn(f"the log cannot be shown: {error}")
            self._told = True
            return False
        for line in page.lines:
            self._report.log(line)
        self._last.extend(page.lines)
        self._position = page.position
        return page.more
