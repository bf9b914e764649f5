"""The real time, and waits that end as soon as the run is told to end."""

from __future__ import annotations

from datetime import UTC, datetime
from queue import Empty, SimpleQueue

from agent.errors import InterruptedRunError


class SystemClock:
    """A :class:`agent.ports.time.Clock`; :meth:`interrupt` may come from a signal handler or another thread."""

    def __init__(self) -> None:
        self._reason = ""
        # Unlike the locks of `threading`, its `put` may come in the middle of a `get` of the same thread.
        self._told: SimpleQueue[str] = SimpleQueue()

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait so long; raises InterruptedRunError when the run is to end, at once or in the middle."""
        try:
            reason = self._told.get(timeout=max(seconds, 0))
        except Empty:
            return
        self._told.put(reason)  # for every other wait
        raise InterruptedRunError(reason)

    def check(self) -> None:
        """Raise InterruptedRunError when the run is to end."""
        if self._reason:
            raise InterruptedRunError(self._reason)

    @property
    def interrupted(self) -> bool:
        """Whether the run is to end."""
        return bool(self._reason)

    def interrupt(self, reason: str = "the run was told to end") -> None:
        """Let the run end: every wait, now and from now on, raises InterruptedRunError with the first reason given."""
        if not self._reason:
            self._reason = reason
            self._told.put(reason)
