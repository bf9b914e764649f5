"""Second attempts at what failed for the moment: a registry that is busy, a connection that was cut."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from agent.errors import TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often something is tried, and how long at most to wait in between; times are in seconds.

    Waits are random up to a limit that doubles from ``first`` to ``longest`` ("full jitter"): clients that were turned
    away together do not come back together.
    """

    sleep: Callable[[float], None]
    attempts: int = 6
    first: float = 0.5
    longest: float = 8
    chance: Callable[[], float] = random.random

    def run(self, work: Callable[[], T]) -> T:
        """What ``work`` answers at last; its TemporaryError when the attempts are used up."""
        for attempt in range(self.attempts - 1):
            try:
                return work()
            except TemporaryError:
                self.sleep(self.chance() * min(self.first * 2**attempt, self.longest))
        try:
            return work()
        except TemporaryError as error:
            raise TemporaryError(f"{error}; tried {self.attempts} times, try again later") from error
