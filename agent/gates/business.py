"""The gate `business`: what the model decides is worth enough, in the currency that its outcomes are counted in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.claiming import Claim, judgement

if TYPE_CHECKING:
    from agent.artifacts import Judgement
    from agent.config.prediction_gates import BusinessGate
    from agent.gates.findings import Finding
    from agent.gates.subject import Subject


def judge(name: str, gate: BusinessGate, subject: Subject) -> Judgement:
    """The expected value of a row reaches the least; the threshold that would be worth most is told beside it."""
    finding = subject.finding(name)
    claims = tuple(
        Claim(what="expected value", number=number, side="at least", limit=gate.min)
        for number in finding.all_of("expected")
    )
    return judgement(name, gate, subject, claims, metric="expected value", told=_best_in_words(finding))


def _best_in_words(finding: Finding) -> str:
    """Chosen on the same rows, the best threshold looks a little better than it is."""
    return "".join(
        f", by the threshold {now.of}; {best.value:.6g} by {best.of}, which is worth most on these rows"
        for now, best in zip(finding.all_of("expected"), finding.all_of("best"), strict=True)
        if now.value is not None and best.value is not None and best.value > now.value
    )
