"""Quick calls are made at once; slow ones are waited for as long as said, and do not stop those behind them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from byo.board import created
from byo.predicting import Predicting
from byo.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable


def predicting(call: Callable[[Any], Any], timeout: float = 5.0, waiting: int = 10, **others: Any) -> Predicting:
    counts = created(1).claim()
    return Predicting(
        call, timeout=timeout, waiting=waiting, counts=counts, replace=others.get("replace", lambda: None)
    )


def never() -> None:
    raise AssertionError("nobody was late")


async def until_on_the_event_loop(predict: Predicting, threads: list[str], rows: Any = None) -> None:
    """Make calls, each of which notes its thread, until one is made at once; a busy machine makes some look slow."""
    while not threads or threads[-1] != threading.main_thread().name:
        await predict(rows, 1, never)


def test_a_call_that_has_been_quick_runs_on_the_event_loop() -> None:
    threads: list[str] = []

    async def ask() -> None:
        predict = predicting(lambda _: threads.append(threading.current_thread().name))
        await until_on_the_event_loop(predict, threads)

    asyncio.run(ask())
    assert threads[0] == "predict"


def test_a_call_with_many_more_rows_is_not_expected_to_be_as_quick() -> None:
    threads: list[str] = []

    async def ask() -> None:
        predict = predicting(lambda _: threads.append(threading.current_thread().name))
        await until_on_the_event_loop(predict, threads)
        await predict(None, 1000, never)

    asyncio.run(ask())
    assert threads[-1] == "predict"


def test_what_hangs_is_left_alone_and_those_behind_it_are_served() -> None:
    hanging = threading.Event()

    def call(rows: Any) -> Any:
        if rows == "hang":
            hanging.wait(30)
        return rows

    async def ask() -> list[Any]:
        predict = predicting(call, timeout=1.0)
        first = asyncio.create_task(predict("hang", 1, never))
        await asyncio.sleep(0.5)
        others = [asyncio.create_task(predict(number, 1, never)) for number in range(3)]
        return await asyncio.gather(first, *others, return_exceptions=True)

    late, *others = asyncio.run(ask())
    hanging.set()
    assert isinstance(late, Refused)
    assert late.status == 504
    assert others == [0, 1, 2]


def test_too_many_that_hang_ask_for_another_worker() -> None:
    ended = threading.Event()
    asked = threading.Event()

    async def ask() -> None:
        predict = predicting(lambda _: ended.wait(30), timeout=0.05, replace=asked.set)
        while not asked.is_set():
            with pytest.raises(Refused):
                await predict(None, 1, never)

    asyncio.run(ask())
    ended.set()


def test_a_call_that_holds_up_the_event_loop_is_answered_for_from_outside() -> None:
    late = threading.Event()
    threads: list[str] = []

    def call(answered: threading.Event | None) -> bool:
        threads.append(threading.current_thread().name)
        return answered.wait(30) if answered else False

    async def ask() -> Any:
        predict = predicting(call, timeout=0.2)
        await until_on_the_event_loop(predict, threads)
        return await predict(late, 1, late.set)

    assert asyncio.run(ask()) is True


def test_what_the_model_raises_reaches_who_asked() -> None:
    def call(rows: Any) -> Any:
        raise KeyError(rows)

    async def ask() -> None:
        with pytest.raises(KeyError, match="row"):
            await predicting(call)("row", 1, never)

    asyncio.run(ask())
