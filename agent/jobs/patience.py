"""How long to wait: between two looks at a job, and before what failed for the moment is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from pydantic import AwareDatetime

from agent.errors import TemporaryError
from agent.ports.jobs import NoCapacityError
from agent.visit import Note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock
    from agent.visit import Visit

Answer = TypeVar("Answer")

_SHORTEST_LOOK, _LONGEST_LOOK = 0.2, 15.0
_SHARE = 0.2
BUDGET_SECONDS = 300.0
"""How long throttling and cut connections are borne, after the client's own retries."""
CAPACITY_BUDGET_SECONDS = 1800.0
"""How long machines are waited for."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The first pause before another try and the longest, in seconds."""

    first: float
    longest: float


SERVICE_PACE = Pace(first=1.0, longest=60.0)
CAPACITY_PACE = Pace(first=15.0, longest=300.0)
"""Every try is a job of its own in SageMaker's list: there should be few."""


def look_pause(waited: float, chance: float) -> float:
    """Seconds until the next look at a job that was waited for so long: a fifth of that, within limits.

    So a job of a second is noticed at once and one of hours costs four calls a minute. ``chance`` (0 to 1) spreads
    watchers that started together.
    """
    return min(max(_SHORTEST_LOOK, waited * _SHARE), _LONGEST_LOOK) * (0.8 + 0.4 * chance)


def retry_pause(pace: Pace, tries: int, chance: float) -> float:
    """Seconds until the next try after so many have failed: doubling up to the longest, by half at random."""
    return min(pace.longest, pace.first * 2.0 ** min(tries - 1, 10)) * (0.5 + 0.5 * chance)


class Tried(Note):
    """How long machines have been waited for in vain: since when, how often, and when to try again."""

    since: AwareDatetime
    tries: int
    due: AwareDatetime


class Patience:
    """Meets temporary failures by waiting, until those in a row have used up their budget.

    Busy services are waited for on the spot. Machines may be waited for over several visits, if there is a ``visit`` to
    remember it under the name ``what``. ``seed`` makes pauses differ between jobs and runs.
    """

    def __init__(
        self, clock: Clock, report: Reporter, seed: str, pace: Pace, *, visit: Visit | None = None, what: str = ""
    ) -> None:
        self._clock = clock
        self._pace = pace
        self._report = report
        self._random = random.Random(seed)  # noqa: S311 - spreads requests, guards nothing
        self._visit = visit
        self._what = what
        tried = visit.recall(what, Tried) if visit is not None else None
        self._since: datetime | None = tried.since if tried else None
        self._tries = tried.tries if tried else 0

    @property
    def chance(self) -> float:
        """A number between 0 and 1."""
        return self._random.random()

    def insist(self, action: Callable[[], Answer]) -> Answer:
        """The action's answer; it is tried again while it fails temporarily and the budget lasts."""
        while True:
            try:
                answer = action()
            except TemporaryError as error:
                self.wait(error)
            else:
                self.relax()
                return answer

    def wait(self, error: TemporaryError) -> None:
        """Wait before the next try; raises ``error`` when the budget is used up, and ComeAgain as a visit does."""
        now = self._clock.now()
        self._since = self._since or now
        self._tries += 1
        pause = retry_pause(self._pace, self._tries, self.chance)
        budget = CAPACITY_BUDGET_SECONDS if isinstance(error, NoCapacityError) else BUDGET_SECONDS
        if (now - self._since).total_seconds() + pause > budget:
            raise error
        if self._tries == 1:
            self._report.warn(f"{error}; trying again for up to {budget / 60:.0f} minutes")
        if self._visit is None or not isinstance(error, NoCapacityError):
            self._clock.sleep(pause)
            return
        due = now + timedelta(seconds=pause)
        self._visit.remember(self._what, Tried(since=self._since, tries=self._tries, due=due))
        self.resume()

    def resume(self) -> None:
        """Wait until the next try that an earlier visit put off is due."""
        tried = self._visit.recall(self._what, Tried) if self._visit is not None else None
        if self._visit is None or tried is None:
            return
        while (left := (tried.due - self._clock.now()).total_seconds()) > 0:
            self._visit.rest(self._clock, left, f"waiting for {self._what}", since=tried.since, until=tried.due)

    def relax(self) -> None:
        """What was failing works again."""
        self._since, self._tries = None, 0
        if self._visit is not None:
            self._visit.forget(self._what)
