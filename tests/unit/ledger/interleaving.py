"""Lets several writers take turns at an Objects, request by request, in an order that a test decides."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.fakes import MemoryObjects

Done = TypeVar("Done")


def interleave(objects: MemoryObjects, writers: Sequence[Callable[[], Done]], order: Iterable[int]) -> list[Done]:
    """What the writers answer, each a thread of which only one runs at a time.

    Ahead of every request a writer stops; the next number of ``order`` says which of those that have stopped goes on.
    """
    stopped: SimpleQueue[int | None] = SimpleQueue()
    gates = [threading.Semaphore(0) for _ in writers]
    this = threading.local()
    answers: dict[int, Done] = {}
    failures: list[BaseException] = []

    def stop(_: object) -> None:
        stopped.put(this.number)
        gates[this.number].acquire()

    def write(number: int) -> None:
        this.number = number
        stop(None)
        try:
            answers[number] = writers[number]()
        except BaseException as failure:  # noqa: BLE001 - raised again in the test's own thread
            failures.append(failure)
        finally:
            stopped.put(None)

    objects.before = stop
    for number in range(len(writers)):
        threading.Thread(target=write, args=(number,), daemon=True).start()
    waiting = [number for number in (stopped.get() for _ in writers) if number is not None]
    turns = iter(order)
    while waiting:
        waiting.sort()
        gates[waiting.pop(next(turns, 0) % len(waiting))].release()
        came = stopped.get()
        waiting += [] if came is None else [came]
    objects.before = lambda _: None
    if failures:
        raise failures[0]
    return [answers[number] for number in range(len(writers))]
