"""Puts a bounded load on an endpoint, and measures what a client feels: how long answers take, and how many fail.

Times are the client's, from the agent: with the network between both, and the signature of each request.
"""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import TemporaryError, UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.config.environment import CheckLoad
    from agent.ports.endpoints import Endpoints

_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What is sent, and its MIME type."""

    body: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a load came to: seconds of each answer in ascending order, why requests failed, and how long all took.

    ``first`` is what the endpoint's very first answer took, in seconds, before everything else; infinite without any.
    """

    first: float
    latencies: tuple[float, ...]
    failures: tuple[str, ...]
    seconds: float

    @property
    def sent(self) -> int:
        """Number of requests of the load."""
        return len(self.latencies) + len(self.failures)

    @property
    def error_rate(self) -> float:
        """Share of requests that were not answered."""
        return len(self.failures) / self.sent if self.sent else 0.0

    def percentile(self, share: float) -> float:
        """The time in seconds within which that share of the answers came (nearest rank); infinite without any."""
        if not self.latencies:
            return math.inf
        return self.latencies[max(0, math.ceil(share * len(self.latencies)) - 1)]

    def cost_of_thousand(self, per_hour: float) -> float:
        """What 1,000 answers cost at this load of an endpoint that costs so much an hour; infinite without any."""
        answered = len(self.latencies) / self.seconds if self.seconds else math.inf
        return per_hour / _HOUR * 1000 / answered if answered else math.inf


def first_answer(
    endpoints: Endpoints, name: str, payload: Payload, timer: Callable[[], float] = time.perf_counter
) -> float:
    """How long an endpoint that nobody has asked yet takes to answer, in seconds; infinite where it does not.

    Of a serverless endpoint, or one that scales from nothing, it is a cold start.
    """
    first = _send(endpoints, name, payload, timer)
    return first if isinstance(first, float) else math.inf


def put(
    endpoints: Endpoints,
    name: str,
    payloads: Sequence[Payload],
    wanted: CheckLoad,
    *,
    first: float,
    timer: Callable[[], float] = time.perf_counter,
    check: Callable[[], object] = int,
) -> Load:
    """Put a load on an endpoint; ``check`` is called before each request, and may raise to end it.

    No more requests are sent once ``wanted.longest`` has passed. A request that the model fails, or that gets no
    answer after the client's own retries, is a failure; a refusal (AccessDeniedError) is raised.
    """
    turns, lock = iter(range(wanted.requests)), threading.Lock()
    began = timer()

    def work() -> list[float | str]:
        found: list[float | str] = []
        while timer() - began < wanted.longest:
            check()
            with lock:
                turn = next(turns, None)
            if turn is None:
                break
            found.append(_send(endpoints, name, payloads[turn % len(payloads)], timer))
        return found

    with ThreadPoolExecutor(wanted.concurrency, thread_name_prefix="load") as pool:
        workers = [pool.submit(work) for _ in range(wanted.concurrency)]
        found = [each for worker in workers for each in worker.result()]
    return Load(
        first=first,
        latencies=tuple(sorted(each for each in found if isinstance(each, float))),
        failures=tuple(each for each in found if isinstance(each, str)),
        seconds=timer() - began,
    )


def _send(endpoints: Endpoints, name: str, payload: Payload, timer: Callable[[], float]) -> float | str:
    """How long an answer took, in seconds, or why there was none."""
    began = timer()
    try:
        endpoints.invoke(name, payload.body, content_type=payload.content_type)
    except (UserCodeFailedError, TemporaryError) as error:
        return str(error)
    return float(timer() - began)


def in_words(requests: int, p50_ms: float, p99_ms: float, cost: float | None) -> str:
    """How long answers took, in ms, and what 1,000 of them cost, where that is known."""
    told = f", 1,000 of them for {cost:.4g}" if cost is not None else ""
    return f"half of {requests} requests answered within {p50_ms:.0f} ms, 99 of 100 within {p99_ms:.0f} ms{told}"


def missed(wanted: CheckLoad, found: Load) -> tuple[str, ...]:
    """One sentence for each limit that was missed."""
    return tuple(_missed(wanted, found))


def _missed(wanted: CheckLoad, found: Load) -> Iterator[str]:
    if wanted.max_first_ms is not None and found.first * 1000 > wanted.max_first_ms:
        came = f"came after {found.first * 1000:.0f} ms" if math.isfinite(found.first) else "did not come"
        yield f"the first answer {came}, expected at most {wanted.max_first_ms} ms"
    load = f"of {found.sent} requests, {wanted.concurrency} at once,"
    if found.error_rate > wanted.max_error_rate:
        yield (
            f"{len(found.failures)} {load} were not answered ({found.error_rate:.2%}), expected at most "
            f"{wanted.max_error_rate:.2%}; the first: {found.failures[0]}"
        )
    if not found.latencies:
        return
    for share, most in ((0.5, wanted.max_p50_ms), (0.99, wanted.max_p99_ms)):
        taken = found.percentile(share) * 1000
        if most is not None and taken > most:
            yield f"{share:.0%} {load} were answered within {taken:.0f} ms, expected at most {most} ms"
    if wanted.max_cost is not None and wanted.price_per_hour is not None:
        cost = found.cost_of_thousand(wanted.price_per_hour)
        if cost > wanted.max_cost:
            yield f"1,000 answers cost {cost:.4g} at the load {load} expected at most {wanted.max_cost:g}"
