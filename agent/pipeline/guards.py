"""Guards: stages that look before anything is spent, and cost nothing in a run that spends nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.pipeline.stages import Stage

E = TypeVar("E")


class GuardError(Exception):
    """A guard lets nobody pass; its own end says why."""


class Guard(Generic[E]):
    """One guard of one run: whoever has something to do has it asked, the first one for all; ``end`` is its end."""

    def __init__(self, stage: Stage, *, stops: Callable[[E], bool]) -> None:
        self.stage = stage
        self.end: E | None = None
        self._stops = stops
        self._lock = threading.Lock()

    def ask(self, run: Callable[[Stage], E]) -> None:
        """Return if the guard lets pass; GuardError if not."""
        with self._lock:
            if self.end is None:
                self.end = run(self.stage)
        if self._stops(self.end):
            raise GuardError(self.stage.name)


def guarding(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The guards that have something to guard; any other is a stage like all, such as the last one of a run."""
    return tuple(stage for stage in stages if stage.guard and any(stage.name in other.needs for other in stages))


def guards_of(stage: Stage, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The guards that a stage has to pass before it does something: those before it, if it works in an account."""
    if stage.guard or stage.step.account == "none":
        return ()
    before = stages[: [each.name for each in stages].index(stage.name)]
    return tuple(guard for guard in guarding(stages) if guard in before)


def needs_of(stage: Stage, stages: Sequence[Stage]) -> Iterator[str]:
    """What a stage waits for: what it needs, but not its guards, only what those need themselves."""
    guards = {guard.name: guard for guard in guarding(stages)}
    for need in stage.needs:
        yield from guards[need].needs if need in guards else (need,)
