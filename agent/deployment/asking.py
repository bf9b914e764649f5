"""Sends held-out rows to an endpoint, several requests side by side where that is wanted, and collects the answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from agent.deployment import sample
from agent.errors import UserCodeFailedError
from agent.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.deployment.sample import Row
    from agent.ports.endpoints import Endpoints

_TOLD_EVERY = 2.0
"""Seconds between two words on how far it is."""
_LOOKS_EVERY = 0.5
"""Seconds after which somebody looks whether the run was told to end, while an answer is awaited."""
_SHOWN = 200
"""How many characters of a request or an answer stand in a message."""


class NotAnsweredError(Exception):
    """Rows were refused, or answered with another number of lines; the message says which."""


def answers(
    endpoints: Endpoints,
    name: str,
    rows: Sequence[Row],
    *,
    concurrency: int = 1,
    check: Callable[[], object] = int,
    tell: Callable[[str], object] = str,
    timer: Callable[[], float] = time.monotonic,
) -> list[str]:
    """One line for each row, in their order; NotAnsweredError where rows have none.

    ``check`` is called before each request and while they are awaited, and may raise to end it; ``tell`` hears every
    two seconds how far it is.
    """
    batches = list(sample.batches(rows))
    found: list[str] = []
    told = timer()
    with ThreadPoolExecutor(concurrency, thread_name_prefix="asking") as pool:
        requests = [pool.submit(_asked, endpoints, name, batch, check) for batch in batches]
        try:
            for request in requests:
                while not wait([request], _LOOKS_EVERY).done:
                    check()
                found += request.result()
                now = timer()
                if now - told >= _TOLD_EVERY:
                    tell(f"{len(found):,} of {len(rows):,} held-out rows answered by endpoint {name}")
                    told = now
        finally:
            for request in requests:
                request.cancel()
    return found


def shown(text: str) -> str:
    """A request or an answer as it stands in a message."""
    return repr(shortened(text, _SHOWN))


def _asked(endpoints: Endpoints, name: str, batch: Sequence[Row], check: Callable[[], object]) -> list[str]:
    check()
    try:
        answer = endpoints.invoke(name, sample.body(batch), content_type="text/csv", accept="text/csv")
    except UserCodeFailedError as error:
        raise NotAnsweredError(f"held-out rows: {error}") from error
    lines = [line for line in answer.body.decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) != len(batch):
        raise NotAnsweredError(
            f"{len(batch)} held-out rows were answered with {len(lines)} predictions, expected one a line: "
            f"{shown(' '.join(lines))}"
        )
    return lines
