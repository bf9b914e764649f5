"""The gate `threshold`: a metric stays within fixed limits, by its value or, with a `confidence`, by its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.artifacts import Judgement
from agent.errors import UsageError
from agent.gates.claiming import Claim, judgement
from agent.gates.limits import BEYOND, holds, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.config.gate import ThresholdGate
    from agent.gates.limits import Side
    from agent.gates.subject import Subject

_EXTREME: Mapping[Side, str] = {"at least": "the least allowed", "at most": "the most allowed"}


def judge(name: str, gate: ThresholdGate, subject: Subject) -> Judgement:
    """A value that misses one of two limits is judged by that one; InputMissingError where it was not measured."""
    limits = tuple(_limits(gate))
    if not limits:
        raise UsageError(f"gate `{name}` has neither `min` nor `max`, so it judges nothing; write one of them")
    if gate.confidence is not None:
        return _proved(name, gate, limits, subject)
    value = _value(name, gate, subject)
    missed = [limit for limit in limits if not holds(value, *limit)]
    side, limit = (missed or limits)[0]
    if missed:
        found, bound = shown(value, limit)
        reason = f"{gate.metric} {found} is {BEYOND[side]} {_EXTREME[side]} {bound} (gate `{name}`)"
    else:
        told = " and ".join(f"{each} {shown(value, bound)[1]}" for each, bound in limits)
        reason = f"{gate.metric} {shown(value, limit)[0]} is {told} (gate `{name}`)"
    return Judgement(
        metric=gate.metric,
        value=value,
        limit=limit,
        comparison=side,
        passed=not missed,
        reason=reason,
        evidence=subject.evaluation.report if gate.metric in subject.evaluation.metrics else "",
    )


def _proved(name: str, gate: ThresholdGate, limits: Sequence[tuple[Side, float]], subject: Subject) -> Judgement:
    """Whether the interval clears the limits."""
    finding = subject.finding(name)
    claims = tuple(
        Claim(what=gate.metric, number=number, side=side, limit=limit)
        for side, limit in limits
        for number in finding.all_of("metric")
    )
    return judgement(name, gate, subject, claims, metric=gate.metric)


def _value(name: str, gate: ThresholdGate, subject: Subject) -> float:
    """The metric as it was evaluated, or else as the training job reported it."""
    if gate.metric in subject.evaluation.metrics:
        return subject.evaluation.metrics[gate.metric].value
    if gate.metric in subject.training:
        return subject.training[gate.metric]
    raise subject.missing(name, gate.metric)


def _limits(gate: ThresholdGate) -> list[tuple[Side, float]]:
    least: list[tuple[Side, float]] = [] if gate.min is None else [("at least", gate.min)]
    most: list[tuple[Side, float]] = [] if gate.max is None else [("at most", gate.max)]
    return least + most
