"""Overrides in the ledger: who let a model pass that a gate refused, each in a document of its own run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from agent.ledger.ledger import numbered
from agent.ledger.records import Record

if TYPE_CHECKING:
    from agent.ledger.ledger import Ledger


class Found(Record):
    """What a gate found: an override is of that, and of nothing else that the gate may find another time."""

    metric: str
    value: float | None = None
    limit: float | None = None
    comparison: str
    reason: str = ""

    def same(self, other: Found) -> bool:
        """Whether both are the same shortfall, in whichever words."""
        return (self.metric, self.value, self.limit, self.comparison) == (
            other.metric,
            other.value,
            other.limit,
            other.comparison,
        )


class KeptOverride(Record):
    """A person's word that one model may pass one gate: ``authors`` are who made the model, and so may not say it."""

    gate: str
    model: str
    found: Found
    by: str
    reason: str
    at: datetime
    until: datetime
    authors: tuple[str, ...] = ()
    commit: str = ""
    release: str = ""
    run: str
    build_url: str = ""


class Overrides:
    """The overrides of a project."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of(self, model: str) -> tuple[KeptOverride, ...]:
        """All overrides of a model, by the sha256 of its artifact, newest first."""
        found = [self._ledger.expect(name, KeptOverride) for name in self._ledger.names(_folder(model))]
        return tuple(sorted(found, key=lambda kept: kept.at, reverse=True))

    def add(self, override: KeptOverride) -> KeptOverride:
        """Keep an override beside what its run has said before, and answer it; nothing is ever written over."""
        self._ledger.append(_stem(override.model, override.gate, override.run), override)
        return override

    def uri(self, model: str, gate: str, run: str) -> str:
        """The S3 address of a run's override."""
        return self._ledger.uri(numbered(_stem(model, gate, run), 1))


def _folder(model: str) -> str:
    return f"overrides/{model}/"


def _stem(model: str, gate: str, run: str) -> str:
    return f"{_folder(model)}{gate}/{run}"
