"""The cloud's clock: it jumps and quickens, never goes back, and wakes who waits for a moment that has come."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, timedelta

import pytest

from agent.cloud.clock import Clock

LONG = 3600.0
"""Seconds that no test waits: who is asleep for so long is woken, or the test runs into its time limit."""


def test_it_shows_real_time_until_told_otherwise() -> None:
    before = time.time()
    shown = Clock().time()
    assert before <= shown <= time.time()


def test_its_moments_are_in_utc() -> None:
    assert Clock().now().utcoffset() == timedelta(0)
    assert Clock().now().tzinfo is UTC


def test_an_offset_from_an_earlier_life_is_kept() -> None:
    assert Clock(offset=LONG).time() >= time.time() + LONG - 1
    assert Clock(offset=LONG).offset == pytest.approx(LONG, abs=1)


def test_advancing_jumps() -> None:
    clock = Clock()
    before = clock.time()
    clock.advance(LONG)
    assert clock.time() >= before + LONG


@pytest.mark.parametrize("seconds", [-1, -0.001])
def test_it_refuses_to_go_back(seconds: float) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        Clock().advance(seconds)


@pytest.mark.parametrize("rate", [0, -1])
def test_it_refuses_to_stand_still(rate: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Clock().set_rate(rate)


def test_changing_the_rate_makes_no_jump() -> None:
    clock = Clock()
    clock.advance(LONG)
    before = clock.time()
    clock.set_rate(2)
    assert before <= clock.time() < before + LONG
    assert clock.rate == 2


def test_sleepers_wake_when_the_clock_jumps_past_their_moment() -> None:
    async def scenario() -> None:
        clock = Clock()
        asleep = asyncio.create_task(clock.sleep(LONG))
        await asyncio.sleep(0)
        clock.advance(LONG)
        await asleep

    asyncio.run(scenario())


def test_sleepers_sleep_on_when_the_jump_was_too_short() -> None:
    async def scenario() -> bool:
        clock = Clock()
        asleep = asyncio.create_task(clock.sleep(2 * LONG))
        await asyncio.sleep(0)
        clock.advance(LONG)
        await asyncio.sleep(0.02)
        early = asleep.done()
        clock.advance(LONG)
        await asleep
        return early

    assert asyncio.run(scenario()) is False


def test_sleepers_notice_a_quicker_clock() -> None:
    async def scenario() -> None:
        clock = Clock()
        asleep = asyncio.create_task(clock.sleep(LONG))
        await asyncio.sleep(0)
        clock.set_rate(LONG * 1000)
        await asleep

    asyncio.run(scenario())


def test_every_sleeper_wakes_in_the_order_of_their_moments() -> None:
    async def scenario() -> list[int]:
        clock = Clock()
        woken: list[int] = []

        async def sleeper(hours: int) -> None:
            await clock.sleep(hours * LONG)
            woken.append(hours)

        asleep = [asyncio.create_task(sleeper(hours)) for hours in (3, 1, 2)]
        await asyncio.sleep(0)
        for _ in asleep:
            clock.advance(LONG)
            await asyncio.sleep(0.01)
        await asyncio.gather(*asleep)
        return woken

    assert asyncio.run(scenario()) == [1, 2, 3]


def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    async def scenario() -> None:
        clock = Clock()
        await clock.sleep_until(clock.time() - 1)
        await clock.sleep(0)

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", range(4))
def test_who_is_cancelled_as_it_jumps_stays_cancelled(turns: int) -> None:
    async def scenario() -> bool:
        clock = Clock()
        sleeper = asyncio.create_task(clock.sleep(LONG))
        await asyncio.sleep(0.01)
        clock.advance(1)
        for _ in range(turns):
            await asyncio.sleep(0)
        sleeper.cancel()
        await asyncio.wait({sleeper}, timeout=1)
        return sleeper.cancelled()

    assert asyncio.run(scenario())
