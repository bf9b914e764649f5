"""Waiting without staying: how long a step may wait this time, and what it has to know when it comes again."""

from __future__ import annotations

import math
import random
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.ports.time import Clock

_SHORTEST_NAP, LONGEST_NAP = 10, 300
_SHARE = 0.2


class Note(BaseModel):
    """Something that a step knows beyond a visit: frozen, and read leniently, as a newer modelyard may have left it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Since(Note):
    """When something began to be waited for."""

    at: AwareDatetime


N = TypeVar("N", bound=Note)


class ComeAgain(BaseException):
    """Nothing is left to do in this visit: come again after ``pause`` seconds; ``progress`` is a line for people.

    No Exception, for nothing has failed: whoever minds failures lets it pass.
    """

    def __init__(self, pause: int, progress: str) -> None:
        super().__init__(f"{progress}; come again in {pause} s")
        self.pause = pause
        self.progress = progress


class Visit:
    """One visit of a step to what AWS does by itself; without a ``budget`` it stays until the end.

    ``budget`` is in seconds from the first wait on, for all threads together. ``state`` is what the visit before left,
    and ``resumed`` says that there was one.
    """

    def __init__(self, *, budget: float | None = None, state: Mapping[str, Any] | None = None) -> None:
        self._budget = budget
        self.resumed = bool(state)
        self._notes: dict[str, Any] = dict(state or {})
        self._until: datetime | None = None
        self._lock = threading.Lock()

    @property
    def limited(self) -> bool:
        """Whether it ends before what it waits for."""
        return self._budget is not None

    @property
    def state(self) -> dict[str, Any]:
        """All that the next visit has to know, as JSON."""
        with self._lock:
            return {
                what: note.model_dump(mode="json", exclude_defaults=True) if isinstance(note, Note) else note
                for what, note in self._notes.items()
            }

    def recall(self, what: str, kind: type[N]) -> N | None:
        """What is known, or None; UsageError for a state that no visit has left."""
        with self._lock:
            note = self._notes.get(what)
        if note is None or isinstance(note, kind):
            return note
        try:
            return kind.model_validate(note)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, (what, *first["loc"])))
            raise UsageError(
                f"the request's state is not what the visit before answered: {where}: {first['msg']}"
            ) from error

    def remember(self, what: str, note: Note) -> None:
        """Know something from now on."""
        with self._lock:
            self._notes[what] = note

    def forget(self, what: str) -> None:
        """Know something no longer."""
        with self._lock:
            self._notes.pop(what, None)

    def clear(self) -> None:
        """Be the first visit after all."""
        self.resumed = False
        with self._lock:
            self._notes.clear()

    def since(self, what: str, now: datetime) -> datetime:
        """When a wait began, over all visits; ``now`` where it begins."""
        began = self.recall(what, Since) or Since(at=now)
        self.remember(what, began)
        return began.at

    def rest(
        self, clock: Clock, seconds: float, progress: str, *, since: datetime, until: datetime | None = None
    ) -> None:
        """Wait, if the visit lasts; else raise ComeAgain, for a nap that fits the time ``since`` when it is waited.

        The nap does not end before ``until``. Raises InterruptedRunError when the run is to end.
        """
        if self._budget is None:
            clock.sleep(seconds)
            return
        clock.check()
        now = clock.now()
        with self._lock:
            self._until = self._until or now + timedelta(seconds=self._budget)
            left = (self._until - now).total_seconds()
        if left <= 0:
            chance = random.Random(f"{progress} {now}").random()  # noqa: S311 - spreads visits, guards nothing
            due = (until - now).total_seconds() if until is not None else 0.0
            raise ComeAgain(nap((now - since).total_seconds(), chance, least=due), progress)
        clock.sleep(min(seconds, left))


def nap(waited: float, chance: float, *, least: float = 0.0) -> int:
    """Whole seconds until the next visit to what was waited for so long: a fifth of that, within limits.

    ``chance`` (0 to 1) spreads those who began together; ``least`` is a reason not to come before.
    """
    fitting = min(max(_SHORTEST_NAP, waited * _SHARE), LONGEST_NAP) * (0.8 + 0.4 * chance)
    return min(max(_SHORTEST_NAP, round(fitting), math.ceil(least)), LONGEST_NAP)


def together(leaving: Sequence[tuple[str, ComeAgain]]) -> ComeAgain:
    """One visit for several by name: to come again as soon as the first of them wants it."""
    progress = "; ".join(f"{name}: {one.progress}" for name, one in leaving)
    return ComeAgain(min(one.pause for _, one in leaving), progress)
