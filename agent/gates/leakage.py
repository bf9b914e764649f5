"""The gate `leakage`: what a model learns from does not hold the answers that it is measured by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.artifacts import Interval, Judgement
from agent.gates.claiming import undecided

if TYPE_CHECKING:
    from agent.config.data_gates import LeakageGate
    from agent.statistics.duplicates import SharedRows
    from agent.statistics.feature_leaks import Feature

_ALONE = "AUC of the best feature alone"


def judge(
    name: str, gate: LeakageGate, shared: SharedRows, best: Feature | None = None, evidence: str = ""
) -> Judgement:
    """Shared rows first; where those are few enough, the ``best`` feature alone, if features are looked at."""
    told = _shared(gate, shared)
    if shared.share > gate.most_shared or best is None or gate.most_auc is None:
        return Judgement(
            metric="share of held-out rows that are shared",
            value=shared.share,
            limit=gate.most_shared,
            comparison="at most",
            sample_size=shared.of,
            passed=shared.share <= gate.most_shared,
            reason=f"{told} (gate `{name}`)",
            evidence=evidence,
        )
    if math.isnan(best.auc.value):
        why = f"{gate.data} has too few rows of a class"
        return undecided(name, _ALONE, f"any feature alone: {why}; {told}", evidence)
    auc, passed = best.auc, best.auc.value <= gate.most_auc
    alone = f"the feature {best.name} alone tells the classes of {gate.data} apart with an AUC of {auc.value:.4g}"
    return Judgement(
        metric=_ALONE,
        value=auc.value,
        limit=gate.most_auc,
        comparison="at most",
        interval=Interval(low=auc.low, high=auc.high, level=auc.level) if auc.known else None,
        passed=passed,
        reason=f"{alone}, {'at most' if passed else 'more than'} {gate.most_auc:g}; {told} (gate `{name}`)",
        evidence=evidence,
    )


def _shared(gate: LeakageGate, shared: SharedRows) -> str:
    if not shared.rows:
        return f"none of the {shared.of} rows of {gate.held_out} is in {gate.data}"
    first = ", ".join(str(row + 1) for row in shared.examples)
    more = " and others" if shared.rows > len(shared.examples) else ""
    share = f"a share of {shared.share:.3g}, at most {gate.most_shared:g}"
    held = f"{shared.rows} of the {shared.of} rows of {gate.held_out}"
    return f"{held} are in {gate.data}, too ({share}): rows {first}{more}"
