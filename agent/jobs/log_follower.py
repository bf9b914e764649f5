"""Hands on what a job's containers write, as it comes, and remembers the end of it for the case of a failure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.errors import ModelyardError
from agent.visit import Note

if TYPE_CHECKING:
    from agent.ports.jobs import JobKind, Jobs, LogPage
    from agent.ports.reporter import Reporter

LAST_LINES = 20
"""Lines that a failure shows."""


class LogMark(Note):
    """How far a log was told: ``at`` is the next line's position, ``tail`` one that the last lines come after.

    ``refused`` says that it was told already that the log cannot be read.
    """

    at: Mapping[str, str] = {}
    tail: Mapping[str, str] = {}
    refused: bool = False


class LogFollower:
    """The log of one job from a ``mark`` on; one that cannot be read is told once and keeps no job from going on."""

    def __init__(self, jobs: Jobs, kind: JobKind, name: str, report: Reporter, mark: LogMark | None = None) -> None:
        self._jobs = jobs
        self._kind = kind
        self._name = name
        self._report = report
        mark = mark or LogMark()
        self._position = mark.at
        self._refused = mark.refused
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        # Where pages began whose lines are among the last ones, and how many lines they had.
        self._pages: deque[tuple[Mapping[str, str], int]] = deque([(mark.tail, 0)] if mark.tail != mark.at else [])

    @property
    def mark(self) -> LogMark:
        """Where another follower goes on."""
        tail = self._pages[0][0] if self._pages else self._position
        return LogMark(at=self._position, tail=tail, refused=self._refused)

    def last_lines(self) -> tuple[str, ...]:
        """The last lines so far; those that another follower told are read once more."""
        position = self.mark.tail
        if len(self._last) == LAST_LINES or not self._pages or self._pages[0][1]:
            return tuple(self._last)
        lines: deque[str] = deque(maxlen=LAST_LINES)
        while (page := self._page(position)) is not None:
            lines.extend(page.lines)
            position = page.position
            if not page.more:
                break
        return tuple(lines or self._last)

    def catch_up(self, *, whole: bool = False) -> None:
        """Hand on what is new; ``whole`` goes on to the end of what is there."""
        while self._read() and whole:
            pass

    def _read(self) -> bool:
        """Hand on one page; whether there is more."""
        page = self._page(self._position)
        if page is None:
            return False
        for line in page.lines:
            self._report.log(line)
        self._last.extend(page.lines)
        self._keep_tail(self._position, len(page.lines))
        self._position = page.position
        return page.more

    def _page(self, position: Mapping[str, str]) -> LogPage | None:
        try:
            return self._jobs.log(self._kind, self._name, position)
        except ModelyardError as error:
            if not self._refused:
                self._report.warn(f"the log cannot be shown: {error}")
            self._refused = True
            return None

    def _keep_tail(self, position: Mapping[str, str], lines: int) -> None:
        """Remember where a page began, and forget those that the last lines are not on."""
        if lines:
            self._pages.append((position, lines))
        while sum(count for _, count in list(self._pages)[1:]) >= LAST_LINES:
            self._pages.popleft()
