"""The gate `label-shift`: labels are distributed as in the data of the model that is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.artifacts import Judgement
from agent.naming import short

if TYPE_CHECKING:
    from agent.config.data_gates import LabelShiftGate
    from agent.statistics.labels import Shift


def judge(name: str, gate: LabelShiftGate, shift: Shift | None, release: str = "", evidence: str = "") -> Judgement:
    """Where nothing is deployed, or its release has no such data set, there is nothing to compare with."""
    if shift is None:
        which = f"release {short(release)} has no data set {gate.data}" if release else "nothing is deployed"
        reason = f"{which} in {gate.environment} that labels of {gate.data} could be compared with (gate `{name}`)"
        return Judgement(metric="population stability index", passed=True, reason=reason)
    passed = shift.index <= gate.most
    before, after = shift.shares
    index = f"an index of {shift.index:.3g}, {'at most' if passed else 'more than'} {gate.most:g}"
    against = f"against that of {gate.environment} (release {short(release)})"
    most = f"from {before:.3g} of {shift.rows[0]} rows to {after:.3g} of {shift.rows[1]}"
    reason = (
        f"the label of {gate.data} has shifted by {index}, {against}; the most for {shift.bin}, {most} (gate `{name}`)"
    )
    return Judgement(
        metric="population stability index",
        value=shift.index,
        limit=gate.most,
        comparison="at most",
        sample_size=shift.rows[1],
        passed=passed,
        reason=reason,
        evidence=evidence,
    )
