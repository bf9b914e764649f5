"""Dynamic micro-batching: rows of several requests go through `predict` together, which vectorised models like."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from byo.encoding import Array, as_array
from byo.refusals import Refused
from byo.rows import Kind, joined

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True, kw_only=True, eq=False)
class _Waiting:
    """One request's rows, and where its predictions go."""

    rows: Any
    height: int
    answer: asyncio.Future[Array]


class Batching:
    """Collects rows until there are ``most`` of them, or the first has waited ``wait`` seconds."""

    def __init__(self, predict: Callable[[Any, int], Awaitable[Any]], *, kind: Kind, most: int, wait: float) -> None:
        self._predict = predict
        self._kind = kind
        self._most = most
        self._wait = wait
        self._waiting: list[_Waiting] = []
        self._height = 0
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, rows: Any, height: int) -> Array:
        """The predictions of ``rows``, which may have been made together with those of others."""
        loop = asyncio.get_running_loop()
        if self._height + height > self._most:
            self._send()
        one = _Waiting(rows=rows, height=height, answer=loop.create_future())
        self._waiting.append(one)
        self._height += height
        if self._height >= self._most:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait, self._send)
        return await one.answer

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting, self._height = self._waiting, [], 0
        if batch:
            task = asyncio.get_running_loop().create_task(self._answer(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, batch: list[_Waiting]) -> None:
        """Predict together; where that fails, one by one, so that a bad row is its sender's problem only."""
        try:
            height = sum(one.height for one in batch)
            rows = batch[0].rows if len(batch) == 1 else joined([one.rows for one in batch], self._kind)
            predictions = as_array(await self._predict(rows, height), height)
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            await self._answer_failed(batch, error)
            return
        ends = np.cumsum([one.height for one in batch])
        for one, part in zip(batch, np.split(predictions, ends[:-1]), strict=True):
            if not one.answer.done():
                one.answer.set_result(part)

    async def _answer_failed(self, batch: list[_Waiting], error: Exception) -> None:
        if len(batch) > 1 and not isinstance(error, Refused):
            for one in batch:
                await self._answer([one])
            return
        for one in batch:
            if not one.answer.done():
                one.answer.set_exception(error)
