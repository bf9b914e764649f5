"""The gate `model-size`: what an endpoint fetches before it can answer at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.artifacts import Judgement

if TYPE_CHECKING:
    from agent.config.system_gates import ModelSizeGate

_MB = 10**6


def judge(name: str, gate: ModelSizeGate, size: int, artifact: str) -> Judgement:
    """Hold the artifact's size, in bytes, against the limit."""
    found, passed = size / _MB, size <= gate.most_mb * _MB
    return Judgement(
        metric="size of the model in MB",
        value=round(found, 6),
        limit=gate.most_mb,
        comparison="at most",
        passed=passed,
        reason=f"the model has {found:.4g} MB, {'at most' if passed else 'more than'} {gate.most_mb:g} (gate `{name}`)",
        evidence=artifact,
    )
