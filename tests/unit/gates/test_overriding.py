"""An override counts for the same shortfall of the same gate, by somebody else than the author, until it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.config.gate_overrides import GateOverrides
from agent.gates.overriding import Judge, found
from agent.ledger.overrides import KeptOverride
from tests.fakes import EPOCH
from tests.unit.pipeline_steps.vouched import PASSED, REFUSED

SOON = EPOCH + timedelta(days=1)


def judge(author: str = "Ada", **rule: Any) -> Judge:
    return Judge(rule=GateOverrides(**rule), author=author)


def kept(**changes: Any) -> KeptOverride:
    fine = KeptOverride(
        gate=REFUSED.gate,
        model="2" * 64,
        found=found(REFUSED),
        by="bob",
        reason="the clinic agreed",
        at=EPOCH,
        until=EPOCH + timedelta(days=7),
        authors=("ada",),
        run="run-1",
    )
    return fine.model_copy(update=changes)


def test_it_stands_beside_a_verdict_that_stays_what_it_is() -> None:
    verdict = judge().overridden(REFUSED, [kept()], at=SOON)
    assert (verdict.passed, verdict.state, verdict.reason) == (False, "overridden", REFUSED.reason)
    assert verdict.override is not None
    assert verdict.override.told("separates") == (
        "gate separates overridden by bob until 2026-11-08 00:00Z: the clinic agreed"
    )


def test_the_newest_of_those_that_count_is_quoted() -> None:
    others = [kept(by="grace", at=SOON, authors=("grace",)), kept(by="carol"), kept()]
    verdict = judge().overridden(REFUSED, others, at=SOON)
    assert verdict.override is not None
    assert verdict.override.by == "carol"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"until": EPOCH}, "that of bob expired at 2026-11-01 00:00Z"),
        ({"found": found(REFUSED.model_copy(update={"limit": 0.97}))}, "that of bob is of another finding"),
        ({"found": found(REFUSED.model_copy(update={"value": 0.95}))}, "that of bob is of another finding"),
        ({"by": "Ada"}, "Ada is an author of the model (ada, Ada), and four eyes are demanded"),
        ({"authors": ("bob",)}, "bob is an author of the model (bob, Ada), and four eyes are demanded"),
    ],
    ids=["expired", "another limit", "another value", "the commit's author", "who started the build"],
)
def test_any_other_does_not_count_and_it_is_said_why(changes: dict[str, Any], fault: str) -> None:
    one = kept(**changes)
    assert judge().overridden(REFUSED, [one], at=SOON).state == "refused"
    (told,) = judge().faults(REFUSED, [one], at=SOON)
    assert told.startswith(fault)


def test_one_of_another_gate_is_passed_over() -> None:
    other = kept(gate="other")
    assert judge().overridden(REFUSED, [other], at=SOON).state == "refused"
    assert judge().faults(REFUSED, [other], at=SOON) == ()


def test_the_rule_of_that_moment_decides_who_may_and_for_how_long() -> None:
    assert judge(people=("carol",)).objection("bob", ()) == "bob is none of those who may (carol)"
    assert judge(people=("Bob",)).overridden(REFUSED, [kept()], at=SOON).state == "overridden"
    assert judge(longest=3600).overridden(REFUSED, [kept()], at=SOON).state == "refused"
    assert judge(git_names={"bob": ("Ada",)}).overridden(REFUSED, [kept()], at=SOON).state == "refused"


def test_one_quoted_before_is_forgotten_where_it_does_not_count_any_more() -> None:
    before = judge().overridden(REFUSED, [kept()], at=SOON)
    assert judge().overridden(before, [kept()], at=EPOCH + timedelta(days=8)).state == "refused"


def test_a_gate_that_is_satisfied_needs_none() -> None:
    satisfied = PASSED.model_copy(update={"value": REFUSED.value})
    assert judge().overridden(satisfied, [kept()], at=SOON).override is None
