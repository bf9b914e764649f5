"""Time for tests on a cloud that really works: waits are counted in full and waited for only a moment."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.errors import InterruptedRunError
from tests.fakes import EPOCH

if TYPE_CHECKING:
    from datetime import datetime

_LONGEST_NAP = 0.05


class HurriedClock:
    """A clock that a wait takes forward by its whole length, although it really takes a moment only.

    ``interrupt`` ends every wait from then on, as SIGTERM does.
    """

    def __init__(self) -> None:
        self._waited = timedelta()
        self._lock = threading.Lock()
        self.interrupt = threading.Event()

    def now(self) -> datetime:
        return EPOCH + self._waited

    def sleep(self, seconds: float) -> None:
        self.interrupt.wait(min(seconds, _LONGEST_NAP))
        with self._lock:
            self._waited += timedelta(seconds=seconds)
        self.check()

    def check(self) -> None:
        if self.interrupt.is_set():
            raise InterruptedRunError("the run was told to end")
