"""Time limits for many short pieces of work at once, on the cloud's clock, at next to no cost for each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.cloud.clock import Clock
    from agent.cloud.platform import Platform

_CHECK_SECONDS = 0.25
_FAIR_SECONDS = 2.0
"""Real seconds that work is given at least, so that a jump of the clock does not fail what has just begun."""


class Deadlines:
    """Watches all limits with one task, which ends when there is nothing to watch."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._limits: dict[asyncio.Timeout, tuple[float, float]] = {}
        self._watcher: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Raise TimeoutError in the block once it has lasted so many seconds of the cloud's clock."""
        async with asyncio.timeout(None) as limit:
            self._limits[limit] = (self._clock.time() + seconds, time.monotonic() + _FAIR_SECONDS)
            if self._watcher is None or self._watcher.done():
                self._watcher = self._platform.spawn(self._watch(), "deadlines")
            try:
                yield
            finally:
                del self._limits[limit]

    @property
    def _clock(self) -> Clock:
        return self._platform.clock

    async def _watch(self) -> None:
        while self._limits:
            now, real = self._clock.time(), time.monotonic()
            for limit, (due, fair) in self._limits.items():
                if now >= due and real >= fair and limit.when() is None:
                    limit.reschedule(asyncio.get_running_loop().time())
            await asyncio.sleep(_CHECK_SECONDS)
