"""What a run has looked at stays what it was, and looking ahead changes nothing but the time that it takes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError, InterruptedRunError
from agent.looks import Looks
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.ports.time import Clock


@pytest.fixture
def looks() -> Iterator[Looks]:
    looks = Looks()
    yield looks
    looks.close()


def test_each_thing_is_looked_at_once(looks: Looks) -> None:
    numbers = iter(range(9))
    seen = [looks.once(what, lambda _: next(numbers), FakeClock()) for what in ("a", "b", "a", "b")]
    assert seen == [0, 1, 0, 1]


def test_what_is_looked_at_ahead_is_not_looked_at_again(looks: Looks) -> None:
    looks.begin("a", lambda _: "ahead")
    assert looks.once("a", lambda _: "again", FakeClock()) == "ahead"


def test_several_things_are_looked_at_ahead_one_after_the_other(looks: Looks) -> None:
    at_once: list[int] = []

    def look(_: Clock) -> int:
        at_once.append(1)
        time.sleep(0.01)
        return at_once.pop() + len(at_once)

    for what in range(5):
        looks.begin(what, look)
    assert [looks.once(what, look, FakeClock()) for what in range(5)] == [1] * 5


def test_a_look_that_failed_is_no_look(looks: Looks) -> None:
    looks.begin("a", lambda _: missing("ahead"))
    with pytest.raises(InputMissingError, match="now"):
        looks.once("a", lambda _: missing("now"), FakeClock())
    assert looks.once("a", lambda _: "there by now", FakeClock()) == "there by now"


def test_who_waits_for_a_look_ends_with_the_run(looks: Looks) -> None:
    looks.begin("a", lambda clock: clock.sleep(60))
    with pytest.raises(InterruptedRunError):
        looks.once("a", lambda _: None, FakeClock(interrupted=True))


def test_closing_ends_what_nobody_waits_for() -> None:
    looks, ended = Looks(), threading.Event()

    def look(clock: Clock) -> None:
        try:
            clock.sleep(60)
        finally:
            ended.set()

    looks.begin("a", look)
    looks.begin("b", lambda _: pytest.fail("it was not begun before the end"))
    begun = time.monotonic()
    looks.close()
    assert time.monotonic() - begun < 30
    assert ended.is_set()


def missing(when: str) -> None:
    raise InputMissingError(f"there is nothing {when}")
