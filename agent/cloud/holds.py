"""Requests held at the door until a test has decided what becomes of them: so is a client lost at an exact moment.

A fault strikes what comes; a hold waits for an answer to "and now?". Before it is let in, a request has done nothing;
once it was answered, all is done and only the client does not know.
"""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Moment(StrEnum):
    """Where a request is held: before anything is done, or when it was done and before its client is told."""

    BEFORE = "before"
    AFTER = "after"


class Watch(BaseModel):
    """Whose requests are held: patterns of the callers' ARNs, and of action names that are ``but`` let through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    moment: Moment
    callers: tuple[str, ...] = ("*",)
    but: tuple[str, ...] = ()

    def wants(self, moment: Moment, action: str, caller: str) -> bool:
        """Whether such a request is held there."""
        return moment is self.moment and _any(self.callers, caller) and not _any(self.but, action)


class Held(BaseModel):
    """A request that waits; ``creates`` for a put that must not write over anything (``If-None-Match: *``)."""

    model_config = ConfigDict(frozen=True)

    number: int = 0
    action: str
    caller: str
    path: str
    creates: bool = False


class Holds:
    """What is held now, and what is to be."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._watch: Watch | None = None
        self._told: asyncio.Queue[Held] = asyncio.Queue()
        self._decisions: dict[int, asyncio.Future[bool]] = {}

    def watch(self, watch: Watch | None) -> None:
        """Hold such requests from now on, or none; those that wait are let go on."""
        self._watch = watch
        self._told = asyncio.Queue()
        for number in list(self._decisions):
            self.decide(number, goes_on=True)

    def wants(self, moment: Moment, action: str, caller: str) -> bool:
        """Whether a request is to be held there."""
        watch = self._watch
        return watch is not None and watch.wants(moment, action, caller)

    async def hold(self, held: Held) -> bool:
        """Wait until it is decided; whether the request goes on."""
        number = next(self._numbers)
        decision: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._decisions[number] = decision
        self._told.put_nowait(held.model_copy(update={"number": number}))
        try:
            return await decision
        finally:
            self._decisions.pop(number, None)

    async def next(self, seconds: float) -> Held | None:
        """The next request that waits and that nobody was told of; None when there is none for so long."""
        if not self._told.empty():
            return self._told.get_nowait()
        try:
            return await asyncio.wait_for(self._told.get(), seconds)
        except TimeoutError:
            return None

    def decide(self, number: int, *, goes_on: bool) -> None:
        """Let a request go on, or lose it: its connection is cut."""
        decision = self._decisions.get(number)
        if decision is not None and not decision.done():
            decision.set_result(goes_on)


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)
