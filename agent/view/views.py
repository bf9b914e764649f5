"""The views of a run, and which of them a console gets."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from agent.pipeline.events import EventKind, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.console import Console
    from agent.pipeline.events import Event


class Shown(Protocol):
    """A stage as far as views look at it."""

    @property
    def name(self) -> str:
        """Its id."""

    @property
    def title(self) -> str:
        """What people call it."""


class View(Protocol):
    """Hears what happens while its block lasts."""

    def hear(self, event: Event) -> None:
        """Something happened."""

    def showing(self) -> AbstractContextManager[object]:
        """The block in which stages run."""


MARKS: Mapping[Status, tuple[str, str]] = {
    Status.DONE: ("✓", "good"),
    Status.RECALLED: ("=", "good"),
    Status.SKIPPED: ("-", "faint"),
    Status.REFUSED: ("✗", "warning"),
    Status.FAILED: ("✗", "error"),
    Status.INTERRUPTED: ("!", "warning"),
    Status.NOT_RUN: (" ", "faint"),
}
"""The mark of a stage that ended, and the console's style for it."""

WORDS: Mapping[Status, str] = {
    Status.RECALLED: "unchanged",
    Status.SKIPPED: "nothing to do",
    Status.REFUSED: "refused",
    Status.FAILED: "failed",
    Status.INTERRUPTED: "interrupted",
    Status.NOT_RUN: "not run",
}
"""What is said of a stage that was not simply done."""


class LinesView:
    """Lines for a log: each with its stage, for several run at once; the last state of a job only once."""

    def __init__(self, console: Console, stages: Sequence[Shown]) -> None:
        self._console = console
        self._width = max((len(stage.name) for stage in stages), default=0)
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()

    def showing(self) -> AbstractContextManager[object]:
        """See :class:`View`."""
        return nullcontext()

    def hear(self, event: Event) -> None:
        """See :class:`View`."""
        with self._lock:
            if event.kind is EventKind.DOING and self._last.get(event.stage) == event.text:
                return
            self._last[event.stage] = event.text
            text, style = self._line(event)
            if text:
                name = self._console.style(event.stage.ljust(self._width), "faint")
                self._console.say(f"{name}  {self._console.style(text, style) if style else text}")

    def _line(self, event: Event) -> tuple[str, str]:
        match event.kind:
            case EventKind.STARTED:
                return f"▸ {event.text}", "strong"
            case EventKind.DOING:
                return f"  {event.text} …", "faint"
            case EventKind.LOG:
                return f"  │ {event.text}", ""
            case EventKind.WARNING:
                return f"  {event.text}", "warning"
            case EventKind.FACT:
                return f"  {event.text}", ""
            case EventKind.ENDED:
                return self._end(event)

    def _end(self, event: Event) -> tuple[str, str]:
        status = event.status or Status.DONE
        mark, style = MARKS[status]
        said = WORDS.get(status, "")
        took = f"{event.seconds or 0:.1f} s"
        return f"{mark} {took}{f', {said}' if said else ''}{f': {event.text}' if event.text else ''}", style


class JsonView:
    """One JSON object a line on standard output."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def showing(self) -> AbstractContextManager[object]:
        """See :class:`View`."""
        return nullcontext()

    def hear(self, event: Event) -> None:
        """See :class:`View`."""
        with self._lock:
            self._console.answer_line(event.document())


def view_for(console: Console, stages: Sequence[Shown], *, machine: bool) -> View:
    """The view for programs, for a terminal, or for a log."""
    if machine:
        return JsonView(console)
    if console.people.isatty():
        from agent.view.tree import TreeView

        return TreeView(stages)
    return LinesView(console, stages)
