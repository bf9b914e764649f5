"""What a step tells while it works; the command that runs it decides how people or programs get to see it."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """The listener of one step; safe to call from several threads."""

    def doing(self, what: str) -> None:
        """What is happening now, such as a job's state; it gives way to what comes next."""

    def fact(self, text: str) -> None:
        """Something that stays: what was made, found or decided."""

    def warn(self, text: str) -> None:
        """Something that people should look at, although the step goes on."""

    def log(self, line: str) -> None:
        """A line that the user's own code wrote in a job."""
