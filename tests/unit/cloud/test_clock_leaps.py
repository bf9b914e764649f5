"""Letting time pass at once: everything happens at its own moment, and nothing is given up that had no chance."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest

from agent.cloud.clock import Clock
from agent.cloud.deadlines import Deadlines
from agent.cloud.patience import within
from agent.cloud.platform import Platform

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0
MINUTE = 60.0


def test_an_hour_that_passes_at_once_has_sixty_minutes() -> None:
    async def scenario() -> list[float]:
        clock, seen = Clock(), []

        async def every_minute() -> None:
            while True:
                await clock.sleep(MINUTE)
                seen.append(clock.time())

        watcher = asyncio.create_task(every_minute())
        await asyncio.sleep(0)
        await clock.pass_time(HOUR + 1)
        watcher.cancel()
        return seen

    seen = asyncio.run(scenario())
    assert len(seen) == 60
    assert all(later - earlier == pytest.approx(MINUTE, abs=2) for earlier, later in pairwise(seen))


def test_sleepers_wake_in_the_order_of_their_moments() -> None:
    async def scenario() -> list[int]:
        clock = Clock()
        woken: list[int] = []

        async def sleeper(minutes: int) -> None:
            await clock.sleep(minutes * MINUTE)
            woken.append(minutes)

        asleep = [asyncio.create_task(sleeper(minutes)) for minutes in (30, 10, 20, 90)]
        await asyncio.sleep(0)
        await clock.pass_time(HOUR)
        for task in asleep:
            task.cancel()
        return woken

    assert asyncio.run(scenario()) == [10, 20, 30]


def test_the_clock_shows_the_end_of_what_passed() -> None:
    async def scenario() -> float:
        clock = Clock()
        before = clock.time()
        await clock.pass_time(HOUR)
        return clock.time() - before

    assert asyncio.run(scenario()) == pytest.approx(HOUR, abs=1)


def test_a_year_passes_with_a_bounded_number_of_stops() -> None:
    async def scenario() -> int:
        clock, stops = Clock(), 0

        async def restless() -> None:
            nonlocal stops
            while True:
                await clock.sleep(1)
                stops += 1

        watcher = asyncio.create_task(restless())
        await asyncio.sleep(0)
        await clock.pass_time(365 * 24 * HOUR)
        watcher.cancel()
        return stops

    assert asyncio.run(scenario()) <= 2001


def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        asyncio.run(Clock().pass_time(-1))


# --- limits --------------------------------------------------------------------------------------------------------


def test_work_that_is_done_in_time_gives_its_result() -> None:
    async def work() -> str:
        return "done"

    assert asyncio.run(within(Clock(), 1, work())) == "done"


def test_work_that_fails_fails_as_itself() -> None:
    async def work() -> None:
        raise LookupError("its own")

    with pytest.raises(LookupError, match="its own"):
        asyncio.run(within(Clock(), 1, work()))


def test_a_leap_does_not_end_work_that_had_no_chance() -> None:
    async def scenario() -> str:
        clock = Clock()
        finished = asyncio.Event()

        async def work() -> str:
            await finished.wait()
            return "done"

        task = asyncio.create_task(within(clock, MINUTE, work()))
        await asyncio.sleep(0)
        await clock.pass_time(HOUR)
        finished.set()
        return await task

    assert asyncio.run(scenario()) == "done"


def test_a_leap_ends_work_that_had_its_chance() -> None:
    async def scenario() -> None:
        clock, had_chance = Clock(), asyncio.Event()
        had_chance.set()
        task = asyncio.create_task(within(clock, MINUTE, asyncio.sleep(HOUR), had_chance=had_chance))
        await asyncio.sleep(0)
        await clock.pass_time(HOUR)
        await task

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def platform(folder: Path) -> Platform:
    """What deadlines use of a platform: its clock and its tasks."""
    nothing = cast("Any", None)
    return Platform(
        state=folder,
        endpoint="",
        clock=Clock(rate=100),
        identity=nothing,
        store=nothing,
        faults=nothing,
        telemetry=nothing,
        events=nothing,
        registry=nothing,
        runtime=nothing,
    )


def test_a_deadline_ends_what_lasts_longer_on_the_clouds_clock(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Deadlines(platform(tmp_path)).within(MINUTE):
            await asyncio.sleep(HOUR)

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_a_deadline_that_is_kept_leaves_no_trace(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with Deadlines(platform(tmp_path)).within(MINUTE):
            return "done"

    assert asyncio.run(scenario()) == "done"
