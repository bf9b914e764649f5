"""The gate `fairness`: groups of people are decided about alike, within limits that somebody wrote down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.claiming import Claim, judgement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import Judgement
    from agent.config.prediction_gates import FairnessGate
    from agent.gates.findings import Finding
    from agent.gates.subject import Subject


def judge(name: str, gate: FairnessGate, subject: Subject) -> Judgement:
    """Every group with support is beside the reference group as the limits say."""
    claims = tuple(_claims(gate, subject.finding(name)))
    return judgement(name, gate, subject, claims, metric=f"fairness by {gate.slice}")


def _claims(gate: FairnessGate, finding: Finding) -> Iterator[Claim]:
    if (least := gate.disparate_impact) is not None:
        for number in finding.all_of("disparate_impact"):
            what = f"disparate impact of {gate.slice} {number.of}"
            yield Claim(what=what, number=number, side="at least", limit=least)
            yield Claim(what=what, number=number, side="at most", limit=1 / least)
    if (most := gate.equal_opportunity) is not None:
        for number in finding.all_of("equal_opportunity"):
            what = f"difference of true positive rates of {gate.slice} {number.of}"
            yield Claim(what=what, number=number, side="at least", limit=-most)
            yield Claim(what=what, number=number, side="at most", limit=most)
    if gate.equalised_odds is not None:
        for number in finding.all_of("equalised_odds"):
            what = f"equalised odds of {gate.slice} {number.of}"
            yield Claim(what=what, number=number, side="at most", limit=gate.equalised_odds)
