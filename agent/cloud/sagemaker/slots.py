"""How many jobs run at once: a machine of few cores runs hundreds of queued jobs a few at a time."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LEAST = 4


class Slots:
    """Places for running jobs, given in the order of asking; by default two for each core, and at least four."""

    def __init__(self, count: int | None = None) -> None:
        self._free = asyncio.Semaphore(count or max(_LEAST, 2 * (os.cpu_count() or 1)))

    @asynccontextmanager
    async def held(self, *alarms: asyncio.Task[object]) -> AsyncIterator[bool]:
        """Hold a place for the length of the block.

        Yields False, without a place, when one of ``alarms`` is done before there was one.
        """
        asking = asyncio.ensure_future(self._free.acquire())
        try:
            await asyncio.wait({asking, *alarms}, return_when=asyncio.FIRST_COMPLETED)
            yield asking.done()
        finally:
            if asking.done() and not asking.cancelled():
                self._free.release()
            else:
                asking.cancel()
