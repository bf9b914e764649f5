"""A wait ends when the run is told to end, whoever tells it."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime

import pytest

from agent.clock import SystemClock
from agent.errors import InterruptedRunError

FOR_EVER = 3600


def test_the_time_is_now_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_a_short_wait_ends_by_itself() -> None:
    clock = SystemClock()
    clock.sleep(0.001)
    clock.sleep(0)
    clock.sleep(-1)
    clock.check()


def test_another_thread_ends_every_wait() -> None:
    clock, ended = SystemClock(), []

    def wait() -> None:
        with pytest.raises(InterruptedRunError, match="SIGTERM"):
            clock.sleep(FOR_EVER)
        ended.append(True)

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for thread in waiting:
        thread.start()
    clock.interrupt("SIGTERM came")
    for thread in waiting:
        thread.join(10)
    assert ended == [True] * 3


def test_a_signal_ends_the_wait_of_the_thread_that_it_comes_to() -> None:
    clock = SystemClock()
    before = signal.signal(signal.SIGUSR1, lambda *_: clock.interrupt())
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with pytest.raises(InterruptedRunError, match="the run was told to end"):
            clock.sleep(FOR_EVER)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_who_was_told_to_end_waits_no_more() -> None:
    clock = SystemClock()
    clock.interrupt("first")
    clock.interrupt("second")
    with pytest.raises(InterruptedRunError, match="first"):
        clock.check()
    for seconds in (FOR_EVER, 0):
        with pytest.raises(InterruptedRunError, match="first"):
            clock.sleep(seconds)
