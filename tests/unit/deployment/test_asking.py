"""Held-out rows are sent in batches, side by side where that is wanted, and answered in their order."""

from __future__ import annotations

import threading
from itertools import count

import pytest

from agent.deployment.asking import NotAnsweredError, answers
from agent.deployment.sample import Row
from agent.errors import InterruptedRunError, UserCodeFailedError
from tests.fakes import MemoryEndpoints

ROWS = [Row(label="1", features=str(number).encode()) for number in range(2600)]
EXPECTED = [str(number) for number in range(2600)]


def test_answers_come_in_the_order_of_the_rows() -> None:
    endpoints = MemoryEndpoints()
    assert answers(endpoints, "tumour-qa", ROWS) == EXPECTED
    assert [sent.count(b"\n") for sent in endpoints.invoked] == [500] * 5 + [100]


def test_requests_are_under_way_side_by_side() -> None:
    """Three requests wait for each other, which one after the other would never come."""
    together = threading.Barrier(3)

    def late(body: bytes) -> bytes:
        together.wait(timeout=30)
        return body

    assert answers(MemoryEndpoints(answers=late), "tumour-qa", ROWS, concurrency=3) == EXPECTED


def test_how_far_it_is_is_told_every_two_seconds() -> None:
    told: list[str] = []
    ticks = count()
    answers(MemoryEndpoints(), "tumour-qa", ROWS, tell=told.append, timer=lambda: float(next(ticks)))
    assert told == [
        f"{number} of 2,600 held-out rows answered by endpoint tumour-qa" for number in ("1,000", "2,000", "2,600")
    ]


def test_a_run_that_is_told_to_end_sends_no_more() -> None:
    endpoints, looks = MemoryEndpoints(), count()

    def check() -> None:
        if next(looks) >= 2:
            raise InterruptedRunError("aborted")

    with pytest.raises(InterruptedRunError):
        answers(endpoints, "tumour-qa", ROWS, check=check)
    assert len(endpoints.invoked) <= 2


def test_a_refusal_ends_it_with_what_the_model_said() -> None:
    def refuse(_: bytes) -> bytes:
        raise UserCodeFailedError("its model answered 415: what is this?")

    with pytest.raises(NotAnsweredError, match="held-out rows: its model answered 415"):
        answers(MemoryEndpoints(answers=refuse), "tumour-qa", ROWS, concurrency=4)


def test_another_number_of_answers_than_rows_is_told() -> None:
    with pytest.raises(NotAnsweredError, match=r"3 held-out rows were answered with 1 predictions, .*: 'x'"):
        answers(MemoryEndpoints(answers=lambda _: b"x\n"), "tumour-qa", ROWS[:3])
