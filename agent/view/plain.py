"""A reporter that simply says what it hears: for a single step, and for what is told outside of any stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.console import Console


class PlainReporter:
    """An :class:`agent.ports.reporter.Reporter` that writes lines for people; a state that repeats is said once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = ""

    def doing(self, what: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        if what != self._state:
            self._state = what
            self._console.say(f"{what} …", "faint")

    def fact(self, text: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._console.say(text)

    def warn(self, text: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._console.say(text, "warning")

    def log(self, line: str) -> None:
        """See :class:`agent.ports.reporter.Reporter`."""
        self._console.say(f"│ {line}")
