"""The cloud's own time, so that tests pass hours of waiting without sleeping."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from datetime import UTC, datetime

_MOST_STOPS = 2000
_TURNS = 20
"""Turns of the event loop in which those who woke may act before the clock goes on."""


class Clock:
    """Real time plus what was advanced, running ``rate`` times as fast; sleepers wake when it jumps."""

    def __init__(self, *, rate: float = 1.0, offset: float = 0.0) -> None:
        self._rate = rate
        self._real = time.time()
        self._base = self._real + offset
        self._changed = asyncio.Event()
        self._awaited: dict[object, float] = {}

    def time(self) -> float:
        """Seconds since the epoch on this clock."""
        return self._base + (time.time() - self._real) * self._rate

    def now(self) -> datetime:
        """The current moment on this clock, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def rate(self) -> float:
        """Seconds of this clock that pass in one real second."""
        return self._rate

    @property
    def offset(self) -> float:
        """Seconds this clock is ahead of real time."""
        return self.time() - time.time()

    def advance(self, seconds: float) -> None:
        """Jump forward; everything due by then happens now."""
        if seconds < 0:
            raise ValueError(f"the cloud's clock cannot go back ({seconds} s)")
        self._rebase(self.time() + seconds, self._rate)

    async def pass_time(self, seconds: float) -> None:
        """Jump forward like :meth:`advance`, but by way of every moment that somebody waits for, in order.

        So what happens every minute happens every minute, also when a test lets an hour pass: an alarm goes off in
        time, and a canary is taken back before it would have become the fleet.
        """
        if seconds < 0:
            raise ValueError(f"the cloud's clock cannot go back ({seconds} s)")
        await _let_others_act()
        end, stride = self.time() + seconds, seconds / _MOST_STOPS
        while (stop := self._next_stop(stride)) < end:
            self._rebase(stop, self._rate)
            await _let_others_act()
        self._rebase(max(end, self.time()), self._rate)
        await _let_others_act()

    def _next_stop(self, stride: float) -> float:
        now = self.time()
        return max(now + stride, min((moment for moment in self._awaited.values() if moment > now), default=math.inf))

    def set_rate(self, rate: float) -> None:
        """Let ``rate`` seconds pass in each real second from now on."""
        if rate <= 0:
            raise ValueError(f"the rate of the cloud's clock must be positive, not {rate}")
        self._rebase(self.time(), rate)

    def _rebase(self, base: float, rate: float) -> None:
        self._base, self._real, self._rate = base, time.time(), rate
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def sleep_until(self, moment: float) -> None:
        """Return once this clock shows ``moment`` (seconds since the epoch)."""
        sleeper = object()
        self._awaited[sleeper] = moment
        try:
            while (left := moment - self.time()) > 0:
                with contextlib.suppress(TimeoutError):
                    # Not wait_for: in Python 3.11 it loses a cancellation that comes with the event.
                    async with asyncio.timeout(left / self._rate):
                        await self._changed.wait()
        finally:
            del self._awaited[sleeper]

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` of this clock."""
        await self.sleep_until(self.time() + seconds)


async def _let_others_act() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
