"""The gate `champion`: a model does not lose to the one that is deployed, by more than a margin.

Without a `confidence` two values are compared. With one, the paired interval of their difference has to clear the
margin: a positive one is non-inferiority, 0 superiority, a negative one a minimum effect.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from agent import naming
from agent.artifacts import Difference, Judgement
from agent.errors import InputMissingError, UsageError
from agent.gates.claiming import Claim, enough, interval_in_words, judged, no_numbers
from agent.gates.limits import BEYOND, holds, shown
from agent.statistics.claims import Conclusion

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
    if gate.confidence is not None:
        return _proved(name, gate, champion, subject)
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


def _proved(name: str, gate: ChampionGate, champion: Evaluation, subject: Subject) -> Judgement:
    """Whether the paired interval of the difference clears the margin; a model does not lose to itself."""
    if champion.model == subject.evaluation.model:
        value = subject.evaluation.metrics[gate.metric].value
        reason = f"{in_words(gate.environment, subject)} is this very model (gate `{name}`)"
        return Judgement(
            metric=gate.metric, value=value, passed=True, reason=reason, evidence=subject.evaluation.report
        )
    side, finding = _side(name, gate, subject), subject.finding(name)
    _same_data(name, gate, champion, subject)
    evidence = subject.evaluation.measurements
    if finding.absent or finding.champion is None or finding.candidate is None:
        return no_numbers(name, gate.metric, finding, evidence)
    (number,) = finding.all_of("difference")
    allowed = -gate.margin if side == "at least" else gate.margin
    claim = Claim(what=gate.metric, number=number, side=side, limit=allowed, inclusive=gate.margin > 0)
    found = judged(claim, proof=True)
    won, held = shown(finding.candidate, finding.champion)
    of = interval_in_words(number.interval, int(number.rows))
    reason = (
        f"{_PROVES[found.conclusion]}{gate.metric} {won} is {_claimed_in_words(gate.margin, side)} the {held} of "
        f"{in_words(gate.environment, subject)}: the difference is {number.value:+.4g}{of}"
        f"{f'; {enough(found)}' if found.conclusion is Conclusion.NOT_ENOUGH_DATA else ''} (gate `{name}`)"
    )
    return Judgement(
        metric=gate.metric,
        value=finding.candidate,
        limit=_with_margin(finding.champion, gate.margin, side),
        comparison=side,
        sample_size=int(number.rows),
        difference=Difference(value=number.value or 0.0, interval=number.interval),
        conclusion=found.conclusion.value,
        rows_needed=found.rows_needed,
        passed=found.conclusion is Conclusion.PROVED,
        reason=reason,
        evidence=evidence,
    )


_PROVES: Mapping[Conclusion, str] = {
    Conclusion.PROVED: "it is proved that ",
    Conclusion.REFUTED: "it is refuted that ",
    Conclusion.NOT_ENOUGH_DATA: "not enough data to prove that ",
}


def _claimed_in_words(margin: float, side: Side) -> str:
    """What has to be proved of a value beside the champion's."""
    if margin > 0:
        return f"no more than {margin:g} {'below' if side == 'at least' else 'above'}"
    by = f"by more than {-margin:g} " if margin < 0 else ""
    return f"{by}{'above' if side == 'at least' else 'below'}"


def in_words(environment: str, subject: Subject) -> str:
    """The champion of an environment as people call it."""
    release = subject.releases.get(environment)
    return f"the champion of {environment}" + (f" (release {naming.short(release)})" if release else "")


def _same_data(name: str, gate: ChampionGate, champion: Evaluation, subject: Subject) -> None:
    if champion.data != subject.evaluation.data:
        raise InputMissingError(
            f"gate `{name}`: the champion of {gate.environment} was measured on the rows {champion.data}, "
            f"the candidate on {subject.evaluation.data}; both must be evaluated on the same ones"
        )


def _champion_value(name: str, gate: ChampionGate, champion: Evaluation, subject: Subject) -> float:
    _same_data(name, gate, champion, subject)
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
