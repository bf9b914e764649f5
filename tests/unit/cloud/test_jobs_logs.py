"""Batches of log events as PutLogEvents takes them."""

from __future__ import annotations

from collections import deque

from agent.cloud.sagemaker.job_logs import LogEvent, take_batch


def events(*messages: str) -> deque[LogEvent]:
    return deque(LogEvent(timestamp=number, message=message) for number, message in enumerate(messages))


def test_an_event_counts_its_bytes_and_26_more() -> None:
    assert LogEvent(timestamp=0, message="é").size == 28


def test_a_batch_holds_at_most_ten_thousand_events() -> None:
    waiting = events(*["x"] * 10_001)
    assert len(take_batch(waiting)) == 10_000
    assert len(waiting) == 1


def test_a_batch_holds_at_most_a_mebibyte() -> None:
    waiting = events(*["x" * 200_000] * 6)
    batch = take_batch(waiting)
    assert sum(event.size for event in batch) <= 1_048_576
    assert (len(batch), len(waiting)) == (5, 1)


def test_batches_keep_the_order_of_lines() -> None:
    waiting = events(*map(str, range(15_000)))
    first, second = take_batch(waiting), take_batch(waiting)
    assert [event.message for event in [*first, *second]] == [str(number) for number in range(15_000)]
