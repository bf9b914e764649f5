"""Time as steps know it: it can be faked, and a wait ends at once when the build is aborted."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - part of the Protocol's public signature
from typing import Protocol


class Clock(Protocol):
    """Where time stamps and waits come from."""

    def now(self) -> datetime:
        """The time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises :class:`agent.errors.InterruptedRunError` when the run is to end."""

    def check(self) -> None:
        """Raise :class:`agent.errors.InterruptedRunError` when the run is to end."""
