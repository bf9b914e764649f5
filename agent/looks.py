"""What a run has looked at: each thing once, for a run is about one state of it, and perhaps before a step asks."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

from agent.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from agent.ports.time import Clock

Seen = TypeVar("Seen")

_SECONDS_BETWEEN_CHECKS = 0.1


class Looks:
    """Looks by what they are at; a look is a function, which ends when the clock that it is given says so.

    One that failed, or was ended, was none: who asks looks again, and the failure is his.
    """

    def __init__(self) -> None:
        self._seen: dict[Hashable, Future[Any]] = {}
        self._ahead: ThreadPoolExecutor | None = None
        self._until_closed = SystemClock()

    def begin(self, what: Hashable, look: Callable[[Clock], object]) -> None:
        """Look ahead of who will ask, one thing after the other, until :meth:`close`."""
        self._ahead = self._ahead or ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._seen[what] = self._ahead.submit(look, self._until_closed)

    def once(self, what: Hashable, look: Callable[[Clock], Seen], clock: Clock) -> Seen:
        """What was seen before or is being looked at ahead, else what is seen now; InterruptedRunError by ``clock``."""
        begun = self._seen.get(what)
        if begun is None or not _succeeds(begun, clock):
            begun = Future()
            begun.set_result(look(clock))
            self._seen[what] = begun
        seen: Seen = begun.result()
        return seen

    def close(self) -> None:
        """End what is looked at ahead: nobody will ask for it any more."""
        self._until_closed.interrupt("nobody waits for what is looked at")
        if self._ahead is not None:
            self._ahead.shutdown(cancel_futures=True)


def _succeeds(begun: Future[Any], clock: Clock) -> bool:
    while not wait([begun], _SECONDS_BETWEEN_CHECKS).done:
        clock.check()
    return not begun.cancelled() and begun.exception() is None
