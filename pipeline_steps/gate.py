"""Refuse a model that misses its thresholds or loses to the one that is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agent import naming
from agent.artifacts import Evaluation, Verdict, refusal_by
from agent.config.gate import ChampionGate, Gate, ThresholdGate
from agent.errors import InputMissingError, UsageError
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context

Better = Literal["higher", "lower"]
Comparison = Literal["at least", "at most"]

_BEYOND: Mapping[Comparison, str] = {"at least": "below", "at most": "above"}
_EXTREME: Mapping[Comparison, str] = {"at least": "the least allowed", "at most": "the most allowed"}
_SIDE: Mapping[Better, Comparison] = {"higher": "at least", "lower": "at most"}


class Inputs(StepModel):
    """What to judge, and by what."""

    gates: Mapping[str, Gate] = Field(description="Gates by name.")
    better: Mapping[str, Better] = Field(description="Direction of improvement of each metric.")
    evaluation: Evaluation = Field(description="What the candidate achieves.")
    champions: Mapping[str, Evaluation] = Field(description="What deployed models achieve on the same rows.")
    releases: Mapping[str, str] = Field(
        default={}, description="Digest of the release that each champion is deployed by, by environment."
    )
    training: Mapping[str, float] = Field(
        default={}, description="Metrics that the training job reported, for gates on those."
    )


class Result(StepModel):
    """What the gates say; all of them are judged, even when one refuses."""

    verdicts: tuple[Verdict, ...] = Field(description="Verdicts in the order of the configuration.")

    @property
    def refusal(self) -> str | None:
        """The reasons of every blocking gate that is not satisfied, or None."""
        return refusal_by(self.verdicts)


def judge(inputs: Inputs) -> tuple[Verdict, ...]:
    """What every gate says, in their order; InputMissingError where a metric was not measured."""
    return tuple(
        _judge_threshold(name, gate, _candidate(name, gate, inputs))
        if isinstance(gate, ThresholdGate)
        else _judge_against_champion(name, gate, _candidate(name, gate, inputs), inputs)
        for name, gate in inputs.gates.items()
    )


def run(inputs: Inputs, context: Context) -> Result:
    """Judge, and tell each verdict."""
    result = Result(verdicts=judge(inputs))
    for verdict in result.verdicts:
        (context.report.fact if verdict.passed else context.report.warn)(verdict.reason)
    return result


def _candidate(name: str, gate: Gate, inputs: Inputs) -> float:
    metrics = inputs.evaluation.metrics
    if gate.metric in metrics:
        return metrics[gate.metric].value
    if isinstance(gate, ThresholdGate) and gate.metric in inputs.training:
        return inputs.training[gate.metric]
    measured = ", ".join(sorted(metrics)) or "nothing"
    raise InputMissingError(
        f"gate `{name}` judges the metric {gate.metric}, but {inputs.evaluation.report} (job {inputs.evaluation.job}) "
        f"holds only: {measured}"
    )


def _judge_threshold(name: str, gate: ThresholdGate, value: float) -> Verdict:
    """A value that misses one of two limits is judged by that one."""
    limits: list[tuple[Comparison, float]] = []
    limits += [("at least", gate.min)] if gate.min is not None else []
    limits += [("at most", gate.max)] if gate.max is not None else []
    if not limits:
        raise UsageError(f"gate `{name}` has neither `min` nor `max`, so it judges nothing; write one of them")
    missed = [limit for limit in limits if not _holds(value, *limit)]
    comparison, limit = (missed or limits)[0]
    if missed:
        (shown, other) = _shown(value, limit)
        reason = f"{gate.metric} {shown} is {_BEYOND[comparison]} {_EXTREME[comparison]} {other} (gate `{name}`)"
    else:
        told = " and ".join(f"{side} {_shown(value, bound)[1]}" for side, bound in limits)
        reason = f"{gate.metric} {_shown(value, limit)[0]} is {told} (gate `{name}`)"
    return _verdict(name, gate, value, limit=limit, comparison=comparison, passed=not missed, reason=reason)


def _judge_against_champion(name: str, gate: ChampionGate, value: float, inputs: Inputs) -> Verdict:
    champion = inputs.champions.get(gate.environment)
    if champion is None:
        reason = f"nothing is deployed to {gate.environment} yet that {gate.metric} could lose to (gate `{name}`)"
        return _verdict(name, gate, value, limit=None, comparison="none", passed=True, reason=reason)
    held = _champion_value(name, gate, champion, inputs)
    comparison = _side(name, gate, inputs)
    limit = _with_margin(held, gate.margin, comparison)
    passed = _holds(value, comparison, limit)
    shown, bound = _shown(value, limit)
    reason = (
        f"{gate.metric} {shown} is {comparison if passed else _BEYOND[comparison]} {bound}: "
        f"{_champion_in_words(gate.environment, inputs)} has {_shown(held, limit)[0]}{_margin_in_words(gate.margin)} "
        f"(gate `{name}`)"
    )
    return _verdict(name, gate, value, limit=limit, comparison=comparison, passed=passed, reason=reason)


def _champion_value(name: str, gate: ChampionGate, champion: Evaluation, inputs: Inputs) -> float:
    if champion.data != inputs.evaluation.data:
        raise InputMissingError(
            f"gate `{name}`: the champion of {gate.environment} was measured on the rows {champion.data}, "
            f"the candidate on {inputs.evaluation.data}; both must be evaluated on the same ones"
        )
    if gate.metric not in champion.metrics:
        raise InputMissingError(
            f"gate `{name}`: {champion.report} (job {champion.job}) lacks {gate.metric} of the champion of "
            f"{gate.environment}"
        )
    return champion.metrics[gate.metric].value


def _side(name: str, gate: ChampionGate, inputs: Inputs) -> Comparison:
    if gate.metric not in inputs.better:
        raise UsageError(
            f"gate `{name}` compares {gate.metric}, but nothing says which direction is better; "
            f"declare `evaluation.metrics.{gate.metric}`"
        )
    return _SIDE[inputs.better[gate.metric]]


def _with_margin(held: float, margin: float, comparison: Comparison) -> float:
    """The champion's value, eased by the margin; in decimals, where 0.7 and 0.1 make 0.8."""
    eased = Decimal(repr(margin)) if comparison == "at most" else -Decimal(repr(margin))
    return float(Decimal(repr(held)) + eased)


def _holds(value: float, comparison: Comparison, limit: float) -> bool:
    return value >= limit if comparison == "at least" else value <= limit


def _champion_in_words(environment: str, inputs: Inputs) -> str:
    release = inputs.releases.get(environment)
    return f"the champion of {environment}" + (f" (release {naming.short(release)})" if release else "")


def _margin_in_words(margin: float) -> str:
    if margin < 0:
        return f" and must be beaten by {-margin:g}"
    return f", and the margin is {margin:g}" if margin else ""


def _shown(value: float, limit: float) -> tuple[str, str]:
    """Two numbers as people read them, with as many digits as it takes to tell them apart."""
    short = f"{value:.6g}", f"{limit:.6g}"
    return (repr(value), repr(limit)) if value != limit and short[0] == short[1] else short


def _verdict(
    name: str,
    gate: Gate,
    value: float,
    *,
    limit: float | None,
    comparison: Literal["at least", "at most", "none"],
    passed: bool,
    reason: str,
) -> Verdict:
    return Verdict(
        gate=name,
        metric=gate.metric,
        value=value,
        limit=limit,
        comparison=comparison,
        passed=passed,
        severity=gate.severity,
        reason=f"{reason}: {gate.message}" if gate.message and not passed else reason,
    )


STEP = Step(inputs=Inputs, result=Result, run=run, account="none", effect="read")
