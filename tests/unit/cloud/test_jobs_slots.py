"""Places for running jobs: so many at once, in the order of asking, and nobody waits who has to stop."""

from __future__ import annotations

import asyncio

from agent.cloud.sagemaker.slots import Slots


def test_no_more_run_at_once_than_there_are_places() -> None:
    async def scenario() -> tuple[int, list[int]]:
        slots, running, most, order = Slots(2), 0, 0, []

        async def work(number: int) -> None:
            nonlocal running, most
            async with slots.held() as placed:
                assert placed
                running += 1
                most = max(most, running)
                order.append(number)
                await asyncio.sleep(0)
                running -= 1

        await asyncio.gather(*(work(number) for number in range(20)))
        return most, order

    assert asyncio.run(scenario()) == (2, list(range(20)))


def test_a_job_that_has_to_stop_waits_no_longer() -> None:
    async def scenario() -> list[bool]:
        slots, alarm = Slots(1), asyncio.create_task(asyncio.sleep(0))
        async with slots.held() as first, slots.held(alarm) as second:
            return [first, second]

    assert asyncio.run(scenario()) == [True, False]


def test_a_place_is_free_again_after_a_cancelled_wait() -> None:
    async def scenario() -> bool:
        slots = Slots(1)

        async def wait() -> None:
            async with slots.held():
                await asyncio.sleep(0)

        async with slots.held():
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with slots.held() as placed:
            return placed

    assert asyncio.run(scenario())
