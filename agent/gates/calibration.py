"""The gate `calibration`: a probability of 0.3 means that it happens in three of ten cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.claiming import Claim, judgement

if TYPE_CHECKING:
    from agent.artifacts import Judgement
    from agent.config.prediction_gates import CalibrationGate
    from agent.gates.subject import Subject


def judge(name: str, gate: CalibrationGate, subject: Subject) -> Judgement:
    """The expected calibration error and the Brier score keep to their limits."""
    finding = subject.finding(name)
    limits = {"ece": gate.max_ece, "brier": gate.max_brier}
    claims = tuple(
        Claim(what=metric, number=number, side="at most", limit=limit)
        for metric, limit in limits.items()
        if limit is not None
        for number in finding.all_of(metric)
    )
    return judgement(name, gate, subject, claims, metric="calibration")
