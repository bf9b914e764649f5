"""Approvals in the ledger: each run's own document, never written over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.ledger.approvals import Approval, Approvals
from agent.ledger.ledger import Ledger
from tests.fakes import EPOCH, MemoryObjects


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryObjects(), "bucket")


@pytest.fixture
def approvals(ledger: Ledger) -> Approvals:
    return Approvals(ledger)


def given(by: str = "alice", *, run: str = "promote-1", environment: str = "prod", minutes: int = 0) -> Approval:
    at = EPOCH + timedelta(minutes=minutes)
    return Approval(
        environment=environment,
        release="r" * 64,
        by=by,
        reason="better",
        at=at,
        expires=at + timedelta(days=1),
        run=run,
    )


def test_an_approval_is_of_one_release_in_one_environment(ledger: Ledger, approvals: Approvals) -> None:
    approvals.add(given())
    assert ledger.names("approvals/") == [f"approvals/prod/{'r' * 64}/promote-1.json"]
    assert approvals.of("qa", "r" * 64) == ()
    assert approvals.of("prod", "s" * 64) == ()


def test_the_newest_comes_first(approvals: Approvals) -> None:
    for by, run, minutes in (("alice", "b", 0), ("carol", "c", 9), ("bob", "a", 5)):
        approvals.add(given(by, run=run, minutes=minutes))
    assert [kept.approval.by for kept in approvals.of("prod", "r" * 64)] == ["carol", "bob", "alice"]


def test_a_release_that_is_not_there_was_not_there_before(ledger: Ledger, approvals: Approvals) -> None:
    approvals.add(given())
    assert [kept.after_release for kept in approvals.of("prod", "r" * 64)] == [False]
    ledger.create_bytes(f"releases/{'r' * 64}.json", b"{}")
    assert [kept.after_release for kept in approvals.of("prod", "r" * 64)] == [True]


def test_a_second_one_of_the_same_run_stands_beside_the_first(ledger: Ledger, approvals: Approvals) -> None:
    for by in ("alice", "bob"):
        approvals.add(given(by))
    assert [one.by for one in approvals.of_run("prod", "r" * 64, "promote-1")] == ["alice", "bob"]
    assert len(ledger.names("approvals/")) == 2


def test_a_put_that_is_repeated_is_one_approval(ledger: Ledger, approvals: Approvals) -> None:
    for _ in range(2):
        approvals.add(given())
    assert len(ledger.names("approvals/")) == 1
