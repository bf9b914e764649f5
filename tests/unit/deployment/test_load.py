"""A load is bounded, and says of an endpoint how long its clients wait, how often in vain, and for how much."""

from __future__ import annotations

import itertools
import math
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.environment import CheckLoad
from agent.deployment.load import Load, Payload, first_answer, missed, put
from agent.errors import AccessDeniedError, InterruptedRunError, TemporaryError, UserCodeFailedError
from tests.fakes import MemoryEndpoints

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOADS = [Payload(body=body, content_type="text/csv") for body in (b"a", b"b", b"c")]


def loaded(endpoints: MemoryEndpoints, timer: Callable[[], float] | None = None, **settings: Any) -> Load:
    wanted = CheckLoad(**{"requests": 30, "concurrency": 3, **settings})
    return put(endpoints, "tumour", PAYLOADS, wanted, first=0.5, **({} if timer is None else {"timer": timer}))


def load(*milliseconds: float, failures: int = 0, seconds: float = 1.0) -> Load:
    latencies = tuple(sorted(each / 1000 for each in milliseconds))
    return Load(first=0.5, latencies=latencies, failures=("busy",) * failures, seconds=seconds)


def test_every_request_is_sent_once_and_all_payloads_take_turns() -> None:
    endpoints = MemoryEndpoints()
    found = loaded(endpoints)
    assert (found.sent, found.failures) == (30, ())
    assert Counter(endpoints.invoked) == {b"a": 10, b"b": 10, b"c": 10}
    assert list(found.latencies) == sorted(found.latencies)


def test_no_more_are_under_way_at_once_than_are_allowed() -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    meeting = threading.Barrier(3)

    def before(_operation: str, _name: str) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        meeting.wait(60)
        with lock:
            under_way -= 1

    endpoints = MemoryEndpoints(before=before)
    assert loaded(endpoints).sent == 30
    assert most == 3


@pytest.mark.parametrize("error", [UserCodeFailedError("no memory"), TemporaryError("busy")])
def test_a_request_that_fails_is_counted_with_its_reason(error: Exception) -> None:
    numbers = itertools.count()

    def before(_operation: str, _name: str) -> None:
        if next(numbers) % 10 == 5:
            raise error

    found = loaded(MemoryEndpoints(before=before))
    assert found.failures == (str(error),) * 3
    assert found.error_rate == 0.1
    (told,) = missed(CheckLoad(concurrency=3), found)
    assert told == (
        f"3 of 30 requests, 3 at once, were not answered (10.00%), expected at most 0.00%; the first: {error}"
    )
    assert missed(CheckLoad(max_error_rate=0.1), found) == ()


def test_a_refusal_is_no_failed_answer() -> None:
    def before(_operation: str, _name: str) -> None:
        raise AccessDeniedError("sagemaker:InvokeEndpoint")

    with pytest.raises(AccessDeniedError):
        loaded(MemoryEndpoints(before=before))


def test_an_interrupted_run_sends_no_more() -> None:
    endpoints = MemoryEndpoints()

    def check() -> None:
        if len(endpoints.invoked) > 5:
            raise InterruptedRunError("aborted")

    with pytest.raises(InterruptedRunError):
        put(endpoints, "tumour", PAYLOADS, CheckLoad(requests=1000, concurrency=1), first=0.5, check=check)
    assert len(endpoints.invoked) == 6


def test_it_ends_when_its_time_is_over_and_measures_what_was_answered() -> None:
    seconds = itertools.count()
    found = loaded(MemoryEndpoints(), timer=lambda: float(next(seconds)), requests=1000, concurrency=1, longest=30)
    assert found.sent == 10  # each takes three looks at a clock that goes on with each
    assert found.seconds == 32


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    found = load(*range(1, 201))
    assert (found.percentile(0.5), found.percentile(0.99), found.percentile(1)) == (0.1, 0.198, 0.2)
    assert load(7).percentile(0.5) == 0.007
    assert load(failures=1).percentile(0.5) == math.inf


def test_times_above_their_limits_are_told() -> None:
    found = load(*range(1, 201))
    wanted = CheckLoad(max_p50_ms=99, max_p99_ms=100)
    assert missed(wanted, found) == (
        "50% of 200 requests, 4 at once, were answered within 100 ms, expected at most 99 ms",
        "99% of 200 requests, 4 at once, were answered within 198 ms, expected at most 100 ms",
    )
    assert missed(CheckLoad(max_p50_ms=100, max_p99_ms=198), found) == ()


def test_the_first_answer_is_timed_alone_and_has_a_limit() -> None:
    endpoints, seconds = MemoryEndpoints(), itertools.count()
    assert first_answer(endpoints, "tumour", PAYLOADS[1], timer=lambda: float(next(seconds))) == 1
    assert endpoints.invoked == [b"b"]
    assert missed(CheckLoad(max_first_ms=500), load(1)) == ()
    assert missed(CheckLoad(max_first_ms=499), load(1)) == (
        "the first answer came after 500 ms, expected at most 499 ms",
    )


def test_a_first_answer_that_never_comes_misses_its_limit() -> None:
    def before(_operation: str, _name: str) -> None:
        raise TemporaryError("busy")

    first = first_answer(MemoryEndpoints(before=before), "tumour", PAYLOADS[0])
    assert first == math.inf
    assert missed(CheckLoad(max_first_ms=500), replace(load(1), first=first)) == (
        "the first answer did not come, expected at most 500 ms",
    )


def test_costs_follow_from_what_was_answered_in_an_hour() -> None:
    found = load(*[10] * 100, seconds=10)
    assert found.cost_of_thousand(0.36) == pytest.approx(0.01)
    wanted = CheckLoad(price_per_hour=0.36, max_cost=0.009)
    assert missed(wanted, found) == (
        "1,000 answers cost 0.01 at the load of 100 requests, 4 at once, expected at most 0.009",
    )
    assert load(failures=3).cost_of_thousand(0.36) == math.inf


def test_where_nothing_was_answered_only_that_is_told() -> None:
    found = load(failures=20)
    assert len(missed(CheckLoad(max_p50_ms=1, price_per_hour=1, max_cost=1), found)) == 1
