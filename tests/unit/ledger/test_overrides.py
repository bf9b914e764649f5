"""Overrides in the ledger: each run's own document, of one model, never written over."""

from __future__ import annotations

from datetime import timedelta

from agent.ledger.ledger import Ledger
from agent.ledger.overrides import Found, KeptOverride, Overrides
from tests.fakes import EPOCH, MemoryObjects

MODEL = "2" * 64


def given(by: str = "bob", *, gate: str = "accurate", run: str = "run-1", minutes: int = 0) -> KeptOverride:
    at = EPOCH + timedelta(minutes=minutes)
    found = Found(metric="accuracy", value=0.7, limit=0.8, comparison="at least", reason="accuracy 0.7 is below 0.8")
    return KeptOverride(
        gate=gate, model=MODEL, found=found, by=by, reason="why", at=at, until=at + timedelta(days=1), run=run
    )


def test_an_override_is_of_one_gate_and_one_model() -> None:
    ledger = Ledger(MemoryObjects(), "bucket")
    Overrides(ledger).add(given())
    assert ledger.names("overrides/") == [f"overrides/{MODEL}/accurate/run-1.json"]
    assert Overrides(ledger).of("3" * 64) == ()


def test_the_newest_comes_first_whichever_gate_it_is_of() -> None:
    overrides = Overrides(Ledger(MemoryObjects(), "bucket"))
    for by, gate, minutes in (("alice", "accurate", 0), ("carol", "fair", 9), ("bob", "accurate", 5)):
        overrides.add(given(by, gate=gate, run=f"run-{minutes}", minutes=minutes))
    assert [kept.by for kept in overrides.of(MODEL)] == ["carol", "bob", "alice"]


def test_a_second_one_of_the_same_run_stands_beside_the_first() -> None:
    overrides = Overrides(Ledger(MemoryObjects(), "bucket"))
    for by in ("alice", "bob", "bob"):
        overrides.add(given(by))
    assert {kept.by for kept in overrides.of(MODEL)} == {"alice", "bob"}
    assert len(overrides.of(MODEL)) == 2


def test_the_same_shortfall_is_told_by_its_numbers_and_not_by_its_words() -> None:
    one = given().found
    assert one.same(one.model_copy(update={"reason": "in other words"}))
    assert not one.same(one.model_copy(update={"limit": 0.9}))
