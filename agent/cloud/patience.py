"""Time limits on the cloud's clock that stay fair when that clock jumps.

A test that advances the clock by an hour must not fail a container that has had no real moment to start. So work is
given up only when the cloud's clock says so *and* it has had a real chance.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from agent.cloud.clock import Clock

T = TypeVar("T")
FAIR_SECONDS = 10.0
"""Real seconds that work is given at least."""


async def within(
    clock: Clock, seconds: float, work: Coroutine[object, object, T], *, had_chance: asyncio.Event | None = None
) -> T:
    """What ``work`` returns; TimeoutError when it takes longer than ``seconds`` of the cloud's clock.

    It is never given up before it has had ``FAIR_SECONDS`` real ones, or says itself that it has had its chance.
    """
    task = asyncio.ensure_future(work)
    limit = asyncio.ensure_future(_limit(clock, seconds, had_chance or asyncio.Event()))
    try:
        await asyncio.wait({task, limit}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError(f"not done after {seconds:g} s")
        return task.result()
    finally:
        for part in (task, limit):
            part.cancel()
        await asyncio.gather(task, limit, return_exceptions=True)


async def _limit(clock: Clock, seconds: float, had_chance: asyncio.Event) -> None:
    started = time.monotonic()
    await clock.sleep(seconds)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(had_chance.wait(), max(0.0, started + FAIR_SECONDS - time.monotonic()))
