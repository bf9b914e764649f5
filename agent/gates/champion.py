"""The gate `champion`: a model does not lose to the one that is deployed, by more than a margin."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agent import naming
from agent.artifacts import Judgement
from agent.errors import InputMissingError, UsageError
from agent.gates.limits import BEYOND, holds, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Evaluation
    from agent.config.gate import ChampionGate
    from agent.gates.limits import Side
    from agent.gates.subject import Better, Subject

_SIDE: Mapping[Better, Side] = {"higher": "at least", "lower": "at most"}


def judge(name: str, gate: ChampionGate, subject: Subject) -> Judgement:
    """Where nothing is deployed, nothing can be lost to; InputMissingError where a metric was not measured."""
    if gate.metric not in subject.evaluation.metrics:
        raise subject.missing(name, gate.metric)
    value = subject.evaluation.metrics[gate.metric].value
    champion = subject.champions.get(gate.environment)
    if champion is None:
        reason = f"nothing is deployed to {gate.environment} yet that {gate.metric} could lose to (gate `{name}`)"
        return Judgement(
            metric=gate.metric, value=value, passed=True, reason=reason, evidence=subject.evaluation.report
        )
    held = _champion_value(name, gate, champion, subject)
    side = _side(name, gate, subject)
    limit = _with_margin(held, gate.margin, side)
    passed = holds(value, side, limit)
    found, bound = shown(value, limit)
    reason = (
        f"{gate.metric} {found} is {side if passed else BEYOND[side]} {bound}: "
        f"{in_words(gate.environment, subject)} has {shown(held, limit)[0]}{_margin_in_words(gate.margin)} "
        f"(gate `{name}`)"
    )
    return Judgement(
        metric=gate.metric,
        value=value,
        limit=limit,
        comparison=side,
        passed=passed,
        reason=reason,
        evidence=subject.evaluation.report,
    )


def in_words(environment: str, subject: Subject) -> str:
    """The champion of an environment as people call it."""
    release = subject.releases.get(environment)
    return f"the champion of {environment}" + (f" (release {naming.short(release)})" if release else "")


def _champion_value(name: str, gate: ChampionGate, champion: Evaluation, subject: Subject) -> float:
    if champion.data != subject.evaluation.data:
        raise InputMissingError(
            f"gate `{name}`: the champion of {gate.environment} was measured on the rows {champion.data}, "
            f"the candidate on {subject.evaluation.data}; both must be evaluated on the same ones"
        )
    if gate.metric not in champion.metrics:
        raise InputMissingError(
            f"gate `{name}`: {champion.report} (job {champion.job}) lacks {gate.metric} of the champion of "
            f"{gate.environment}"
        )
    return champion.metrics[gate.metric].value


def _side(name: str, gate: ChampionGate, subject: Subject) -> Side:
    if gate.metric not in subject.better:
        raise UsageError(
            f"gate `{name}` compares {gate.metric}, but nothing says which direction is better; "
            f"declare `evaluation.metrics.{gate.metric}`"
        )
    return _SIDE[subject.better[gate.metric]]


def _with_margin(held: float, margin: float, side: Side) -> float:
    """The champion's value, eased by the margin; in decimals, where 0.7 and 0.1 make 0.8."""
    eased = Decimal(repr(margin)) if side == "at most" else -Decimal(repr(margin))
    return float(Decimal(repr(held)) + eased)


def _margin_in_words(margin: float) -> str:
    if margin < 0:
        return f" and must be beaten by {-margin:g}"
    return f", and the margin is {margin:g}" if margin else ""
