"""A build that holds no place while it waits: its step is visited, naps, and is visited again with what it knew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from agent.visit import ComeAgain, Visit
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.context import Context

Answer = TypeVar("Answer")


@dataclass(kw_only=True)
class Visits:
    """Visits of one run: ``left`` is how each of them ended that was not the last, ``state`` what it handed on."""

    context: Context
    budget: float = 0
    state: dict[str, Any] = field(default_factory=dict)
    left: list[ComeAgain] = field(default_factory=list)

    @property
    def next(self) -> Context:
        """The context of the next visit, on any agent."""
        return replace(self.context, visit=Visit(budget=self.budget, state=json.loads(json.dumps(self.state))))

    def come(self, work: Callable[[Context], Answer]) -> Answer | None:
        """One visit, and the nap after it; the answer, if it has come to that."""
        context = self.next
        try:
            return work(context)
        except ComeAgain as leaving:
            self.state = context.visit.state
            self.left.append(leaving)
            self.nap(leaving.pause)
            return None

    def until_done(self, work: Callable[[Context], Answer]) -> Answer:
        """Visits until there is an answer, which is not None."""
        while (answer := self.come(work)) is None:
            assert len(self.left) < 1000
        return answer

    def nap(self, seconds: float) -> None:
        """Let time go by."""
        assert isinstance(self.context.clock, FakeClock)
        self.context.clock.time += timedelta(seconds=seconds)
