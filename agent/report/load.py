"""What a load on an endpoint came to, as its check measured it: how long answers took, how many failed, their cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.report.build import Load
from agent.report.outcome import read
from agent.report.wording import about
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def load_of(result: Mapping[str, Any]) -> Load | None:
    """Of the result of a check; None where there was no load."""
    requests = read(result, "load", int)
    if not requests or requests < 0:
        return None
    known = ("error_rate", "p50_ms", "p99_ms", "first_ms", "cost")
    return Load(requests=requests, **{name: read(result, name, float) for name in known})


def load_in_words(load: Load) -> str:
    """All of it in one line; what is not known is left out."""
    return f"{counted(load.requests, 'request')}: {'; '.join(_told(load))}"


def _told(load: Load) -> Iterator[str]:
    if load.p50_ms is not None and load.p99_ms is not None:
        yield f"half answered within {_milliseconds(load.p50_ms)}, 99 of 100 within {_milliseconds(load.p99_ms)}"
    if load.error_rate is not None:
        yield f"{about(100 * load.error_rate)} % not answered" if load.error_rate else "all answered"
    if load.cost is not None:
        yield f"1,000 answers cost {about(load.cost)}"
    if load.first_ms is not None:
        yield f"the very first answer took {_milliseconds(load.first_ms)}"


def _milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
