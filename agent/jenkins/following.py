"""Follows a build from the queue to its end, through restarts of the controller, and tells what happens as it does."""

from __future__ import annotations

import codecs
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from agent.errors import CloudFailedError, InputMissingError, TemporaryError
from agent.jenkins.events import Asked, Away, Ended, Logged, Queued, Started
from agent.jenkins.inputs import PENDING, pending_of
from agent.jenkins.places import job_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from agent.jenkins.controller import Controller
    from agent.jenkins.events import Event
    from agent.ports.time import Clock

_RESTART = timedelta(minutes=15)
"""How long a controller may be away."""
_PAUSES = (1.0, 1.0, 2.0, 3.0, 5.0)
"""Seconds between two questions, longer while nothing comes."""
_ITEM = "why,cancelled,executable[number,url]"
_BUILD = f"number,url,building,result,duration,description,{PENDING}"
_NOTE = re.compile(r"\x1b\[8mha:.*?\x1b\[0m")
"""Jenkins's own annotations, where a log brings them."""

_Answer = TypeVar("_Answer")


class Follower:
    """Follows one build; :attr:`build` is its address as soon as it has one."""

    def __init__(
        self, controller: Controller, job: str, clock: Clock, hear: Callable[[Event], None], *, limit: timedelta
    ) -> None:
        self._controller = controller
        self._job = job
        self._clock = clock
        self._hear = hear
        self._end = clock.now() + limit
        self._limit = limit
        self._told: set[str] = set()
        self._answered = clock.now()
        self._begun = False
        self._offset = 0
        self._log = _Lines(lambda line: self._hear(Logged(line=line)))
        self.item = ""
        self.build = ""

    def follow(self, where: str) -> Ended:
        """Until it is over; ``where`` is the address of the queue's item or of the build.

        Raises CloudFailedError when the limit is over; the build goes on then.
        """
        if "/queue/item/" in where:
            self.item = where.rstrip("/")
        else:
            self.build = where.rstrip("/")
        return self.go_on()

    def go_on(self) -> Ended:
        """From where it was, after an interruption of :meth:`follow`."""
        if not self.build:
            ended = self._wait_in_queue()
            if ended is not None:
                return ended
        if not self._begun:
            state = self._patiently(lambda: self._controller.read(self.build, _BUILD))
            self._begun = True
            self._hear(Started(number=state["number"], url=self.build))
        return self._read_log()

    def stop(self) -> None:
        """Abort the build, or take it out of the queue."""
        if self.build:
            self._controller.submit(self._controller.at(f"{self.build}/stop"))
        else:
            number = self.item.rpartition("/")[2]
            self._controller.submit(f"/queue/cancelItem?id={number}")

    def _wait_in_queue(self) -> Ended | None:
        why = ""
        pauses = _Pauses()
        while True:
            item = self._patiently(self._ask_queue)
            if item.get("executable"):
                self.build = self._controller.at(item["executable"]["url"]).rstrip("/")
                return None
            if item.get("cancelled"):
                ended = Ended(result="ABORTED", number=None, url=self.item, description="cancelled in the queue")
                self._hear(ended)
                return ended
            if item.get("why") and item["why"] != why:
                why = item["why"]
                self._hear(Queued(why=why))
            self._nap(pauses.longer())

    def _ask_queue(self) -> Any:
        """The queue's item; the queue forgets one some minutes after its build has begun."""
        try:
            return self._controller.read(self.item, _ITEM)
        except InputMissingError:
            builds = self._controller.read(job_path(self._job), "builds[number,url,queueId]{0,50}")["builds"]
            number = int(self.item.rpartition("/")[2])
            for build in builds:
                if build.get("queueId") == number:
                    return {"executable": build}
            raise

    def _read_log(self) -> Ended:
        pauses = _Pauses()
        while True:
            content, headers = self._patiently(
                lambda: self._controller.text(f"{self.build}/logText/progressiveText", start=str(self._offset))
            )
            self._offset = int(headers.get("X-Text-Size", self._offset + len(content)))
            self._log.add(content)
            more = headers.get("X-More-Data", "").lower() == "true"
            if content and more:
                self._nap(pauses.shortest())
                continue
            state = self._patiently(lambda: self._controller.read(self.build, _BUILD))
            if not more and not state["building"] and state["result"]:
                self._log.end()
                return self._ended(state)
            self._tell_inputs(state)
            self._nap(pauses.longer())

    def _tell_inputs(self, state: Any) -> None:
        for one in pending_of(self._job, state):
            if one.id not in self._told:
                self._told.add(one.id)
                self._hear(Asked(input=one))

    def _ended(self, state: Any) -> Ended:
        ended = Ended(
            result=state["result"],
            number=state["number"],
            url=self.build,
            seconds=state.get("duration", 0) / 1000,
            description=state.get("description") or "",
        )
        self._hear(ended)
        return ended

    def _patiently(self, ask: Callable[[], _Answer]) -> _Answer:
        """An answer, though the controller may restart meanwhile."""
        said = False
        while True:
            try:
                answer = ask()
            except TemporaryError as error:
                if self._clock.now() - self._answered > _RESTART:
                    raise
                if not said:
                    self._hear(Away(reason=str(error)))
                    said = True
                self._nap(_PAUSES[-1])
            else:
                self._answered = self._clock.now()
                return answer

    def _nap(self, seconds: float) -> None:
        now: datetime = self._clock.now()
        if now >= self._end:
            hours = self._limit / timedelta(hours=1)
            raise CloudFailedError(
                f"{self.build or self.item}: not over after {hours:g} h (--timeout); it goes on without being followed"
            )
        self._clock.sleep(seconds)


class _Pauses:
    """How long to wait: longer while nothing comes."""

    def __init__(self) -> None:
        self._at = 0

    def shortest(self) -> float:
        self._at = 0
        return _PAUSES[0]

    def longer(self) -> float:
        self._at = min(self._at + 1, len(_PAUSES) - 1)
        return _PAUSES[self._at]


class _Lines:
    """Whole lines of a log that comes in pieces, which may end in the middle of a character."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def add(self, content: bytes) -> None:
        *lines, self._rest = (self._rest + self._decoder.decode(content)).split("\n")
        for line in lines:
            self._tell(_NOTE.sub("", line.rstrip("\r")))

    def end(self) -> None:
        if self._rest:
            self._tell(_NOTE.sub("", self._rest))
