"""The gate `slices`: no part of the data is served badly behind a good mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.claiming import Claim, judgement
from agent.gates.findings import Estimated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import Judgement
    from agent.config.prediction_gates import SlicesGate
    from agent.gates.findings import Finding
    from agent.gates.subject import Subject


def judge(name: str, gate: SlicesGate, subject: Subject) -> Judgement:
    """Every slice with support keeps to the limits, and the worst is not too far behind the rest."""
    claims = tuple(_claims(gate, subject.finding(name)))
    return judgement(name, gate, subject, claims, metric=f"{gate.metric} by {gate.slice}")


def _claims(gate: SlicesGate, finding: Finding) -> Iterator[Claim]:
    for number in finding.all_of("slices"):
        what = f"{gate.metric} of {gate.slice} {number.of}"
        if gate.min is not None:
            yield Claim(what=what, number=number, side="at least", limit=gate.min)
        if gate.max is not None:
            yield Claim(what=what, number=number, side="at most", limit=gate.max)
    if gate.max_gap is not None and finding.all_of("slices"):
        number = next(iter(finding.all_of("gap")), _NO_GAP)
        between = f"between {gate.slice} {number.of} and the rest" if number.of else f"by {gate.slice}"
        what = f"the gap in {gate.metric} {between}"
        yield Claim(what=what, number=number, side="at most", limit=gate.max_gap)


_NO_GAP = Estimated(of="", value=None, rows=0, of_rows=0)
"""Where fewer than two slices can be measured, nothing is known of the worst one."""
