"""The gate `robustness`: where its inputs are worse, the model is not much worse than on the data as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.claiming import Claim, judgement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import Judgement
    from agent.config.robustness import RobustnessGate
    from agent.gates.findings import Estimated, Finding
    from agent.gates.subject import Subject


def judge(name: str, gate: RobustnessGate, subject: Subject) -> Judgement:
    """The drop of the metric keeps to the limit under every perturbation; the worst one decides, all are told."""
    finding = subject.finding(name)
    claims = tuple(
        Claim(what=f"drop of {gate.metric} under {drop.of}", number=drop, side="at most", limit=gate.max_drop)
        for drop in finding.all_of("drop")
    )
    told = "".join(_all_in_words(gate, finding))
    return judgement(name, gate, subject, claims, metric=f"drop of {gate.metric}", told=told)


def _all_in_words(gate: RobustnessGate, finding: Finding) -> Iterator[str]:
    """The metric on the data as they are, and what becomes of it."""
    if finding.candidate is not None:
        yield f"; {gate.metric} is {finding.candidate:.4g} on the data as they are"
    for drop, value in zip(finding.all_of("drop"), finding.all_of("value"), strict=True):
        yield f", {_in_words(drop, value)}"


def _in_words(drop: Estimated, value: Estimated) -> str:
    if drop.value is None or value.value is None:
        return f"undefined under {drop.of}"
    of = f", {drop.interval.low:.4g} to {drop.interval.high:.4g}" if drop.interval is not None else ""
    return f"{value.value:.4g} under {drop.of} (a drop of {drop.value:.4g}{of})"
