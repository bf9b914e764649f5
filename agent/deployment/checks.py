"""Asks a deployed endpoint what its environment's configuration says it must know, and measures it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.deployment.asking import NotAnsweredError, answers, shown
from agent.deployment.metrics import NotMeasurableError, measure
from agent.errors import UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.config.environment import CheckRequest, CheckSample
    from agent.deployment.sample import Row
    from agent.ports.endpoints import Endpoints


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What held-out rows came to: a value, or why there is none or not a good one."""

    value: float | None
    failures: tuple[str, ...] = ()


def ask(endpoints: Endpoints, name: str, requests: Sequence[CheckRequest]) -> tuple[str, ...]:
    """Send every request; one sentence for each that was not answered as expected."""
    failures = (_ask(endpoints, name, number, request) for number, request in enumerate(requests, start=1))
    return tuple(failure for failure in failures if failure)


def wrong(request: CheckRequest, answer: str) -> str:
    """What is wrong with the answer to a request; empty when it is as expected."""
    if request.answer is None or re.fullmatch(request.answer, answer.strip()):
        return ""
    return f"{shown(request.body)} was answered {shown(answer.strip())}, expected /{request.answer}/"


def measured(endpoints: Endpoints, name: str, rows: Sequence[Row], wanted: CheckSample) -> Measured:
    """Send the rows and measure the answers, one a line for each row."""
    try:
        found = answers(endpoints, name, rows)
    except NotAnsweredError as error:
        return Measured(value=None, failures=(str(error),))
    return judged(wanted, [row.label for row in rows], found)


def judged(wanted: CheckSample, labels: Sequence[str], answers: Sequence[str]) -> Measured:
    """The metric of the answers, held against its limits."""
    try:
        value = measure(wanted.metric, labels, answers)
    except NotMeasurableError as error:
        return Measured(value=None, failures=(f"held-out rows: {error}",))
    limits = (
        ("at least", wanted.min, wanted.min is not None and value < wanted.min),
        ("at most", wanted.max, wanted.max is not None and value > wanted.max),
    )
    return Measured(
        value=value,
        failures=tuple(
            f"{wanted.metric} of {len(labels)} held-out rows is {value:.6g}, expected {words} {limit:g}"
            for words, limit, missed in limits
            if missed
        ),
    )


def _ask(endpoints: Endpoints, name: str, number: int, request: CheckRequest) -> str:
    try:
        answer = endpoints.invoke(name, request.body.encode(), content_type=request.content_type)
    except UserCodeFailedError as error:
        expected = f", expected /{request.answer}/" if request.answer else ""
        return f"request {number}: {shown(request.body)} was refused{expected}: {error}"
    found = wrong(request, answer.body.decode("utf-8", "replace"))
    return f"request {number}: {found}" if found else ""
