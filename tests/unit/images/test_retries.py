"""What fails for the moment is tried again, a little later each time, and not for ever."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agent.errors import CloudFailedError, InterruptedRunError, TemporaryError
from agent.images.retries import Retries


@dataclass
class Flaky:
    """Fails so often before it works."""

    failures: int
    calls: int = 0
    waits: list[float] = field(default_factory=list)

    def work(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise TemporaryError("busy")
        return "done"

    def retries(self, chance: float = 1.0, attempts: int = 6) -> Retries:
        return Retries(sleep=self.waits.append, chance=lambda: chance, attempts=attempts, first=0.5, longest=4)


def test_what_works_is_done_once() -> None:
    flaky = Flaky(0)
    assert flaky.retries().run(flaky.work) == "done"
    assert (flaky.calls, flaky.waits) == (1, [])


def test_waits_grow_up_to_a_limit() -> None:
    flaky = Flaky(5)
    assert flaky.retries().run(flaky.work) == "done"
    assert flaky.waits == [0.5, 1, 2, 4, 4]


def test_waits_are_a_random_part_of_their_limit() -> None:
    flaky = Flaky(3)
    flaky.retries(chance=0.25).run(flaky.work)
    assert flaky.waits == [0.125, 0.25, 0.5]


def test_the_budget_ends_with_the_last_reason() -> None:
    flaky = Flaky(9)
    with pytest.raises(TemporaryError, match="busy; tried 3 times, try again later"):
        flaky.retries(attempts=3).run(flaky.work)
    assert (flaky.calls, len(flaky.waits)) == (3, 2)


def test_what_a_retry_cannot_mend_is_not_tried_again() -> None:
    calls = []

    def work() -> None:
        calls.append(1)
        raise CloudFailedError("no")

    with pytest.raises(CloudFailedError, match="no"):
        Flaky(0).retries().run(work)
    assert calls == [1]


def test_a_run_that_is_to_end_waits_no_longer() -> None:
    def end(_seconds: float) -> None:
        raise InterruptedRunError("SIGTERM")

    flaky = Flaky(9)
    with pytest.raises(InterruptedRunError, match="SIGTERM"):
        Retries(sleep=end).run(flaky.work)
    assert flaky.calls == 1
