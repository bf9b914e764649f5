"""How the demo tells its story: with a moving line at a terminal, in plain lines everywhere else."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.console import Console


class Chapter(Protocol):
    """One thing that is being done."""

    def doing(self, what: str) -> None:
        """Say what is happening now; it gives way to what comes next."""

    def fact(self, text: str) -> None:
        """Say something that stays: what was made, or seen."""


class Progress(Protocol):
    """The story as a whole."""

    def chapter(self, title: str) -> contextlib.AbstractContextManager[Chapter]:
        """One thing to do; it is done when the block ends without an exception."""


def progress_for(console: Console) -> Progress:
    """A lively one when people watch at a terminal, else a plain one."""
    return LiveProgress() if console.people.isatty() else PlainProgress(console)


class PlainProgress:
    """Lines for a log: each title when its chapter begins, then what happens."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def chapter(self, title: str) -> Iterator[Chapter]:
        """See :class:`Progress`."""
        began = time.monotonic()
        self._console.say(f"\n{title}", "strong")
        yield self
        self._console.say(f"  done in {time.monotonic() - began:.1f} s")

    def doing(self, what: str) -> None:
        """See :class:`Chapter`."""
        self._console.say(f"  {what} …")

    def fact(self, text: str) -> None:
        """See :class:`Chapter`."""
        self._console.say(f"  {text}")


class LiveProgress:
    """A spinner while a chapter goes on; a tick, its time and its facts when it is done."""

    def __init__(self) -> None:
        from rich.console import Console as Terminal

        self._terminal = Terminal(stderr=True, highlight=False)

    @contextlib.contextmanager
    def chapter(self, title: str) -> Iterator[Chapter]:
        """See :class:`Progress`."""
        began = time.monotonic()
        facts: list[str] = []
        self._terminal.print()
        try:
            with self._terminal.status(title) as status:
                yield _LiveChapter(title, status, facts)
        except BaseException:
            self._print("✗", "red", title, "")
            raise
        self._print("✓", "green", title, f" {time.monotonic() - began:.1f} s")
        for fact in facts:
            self._terminal.print(f"  {fact}", style="dim", markup=False, soft_wrap=True)

    def _print(self, mark: str, colour: str, title: str, took: str) -> None:
        from rich.text import Text

        self._terminal.print(Text.assemble((mark, colour), " ", (title, "bold"), (took, "dim")))


class _LiveChapter:
    """A chapter in the moving line."""

    def __init__(self, title: str, status: Any, facts: list[str]) -> None:
        self._title = title
        self._status = status
        self._facts = facts

    def doing(self, what: str) -> None:
        """See :class:`Chapter`."""
        self._status.update(f"{self._title}: {what}")

    def fact(self, text: str) -> None:
        """See :class:`Chapter`."""
        self._facts.append(text)


class ChapterReporter:
    """An :class:`agent.ports.reporter.Reporter` that tells in a chapter."""

    def __init__(self, chapter: Chapter) -> None:
        self._chapter = chapter

    def doing(self, what: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._chapter.doing(what)

    def fact(self, text: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._chapter.fact(text)

    def warn(self, text: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._chapter.fact(text)

    def log(self, line: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._chapter.fact(line)
