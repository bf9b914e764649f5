"""Every gate's verdict: the kind of a gate decides who judges, and the gate itself what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from agent.artifacts import Judgement, Verdict
from agent.config.data_gates import DataGate
from agent.config.gate import ChampionGate, CustomGate, ThresholdGate
from agent.config.judging_section import ClaimingSection
from agent.config.prediction_gates import BusinessGate, CalibrationGate, FairnessGate, SlicesGate
from agent.config.robustness import RobustnessGate
from agent.config.supply_gates import ImageGate
from agent.config.system_gates import ModelSizeGate
from agent.errors import InputMissingError
from agent.gates import business, calibration, champion, fairness, robustness, slices, threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.config.gate import Gate
    from agent.config.prediction_gates import PredictionGate
    from agent.gates.subject import Subject


def judge(gates: Mapping[str, Gate], subject: Subject) -> tuple[Verdict, ...]:
    """What every gate says, in their order; InputMissingError where something was not measured."""
    return tuple(verdict_of(name, gate, _judgement(name, gate, subject), subject) for name, gate in gates.items())


def verdict_of(name: str, gate: Gate, judgement: Judgement, subject: Subject) -> Verdict:
    """What a gate makes of what was found; its sentence is told where it refuses."""
    said = f"{judgement.reason}: {gate.message}" if gate.message and not judgement.passed else judgement.reason
    return Verdict(
        gate=name,
        kind=gate.kind,
        severity=_severity(gate, judgement),
        environments=gate.environments,
        sentence=gate.message,
        against=_against(gate, judgement, subject),
        metric=judgement.metric,
        value=judgement.value,
        limit=judgement.limit,
        comparison=judgement.comparison,
        interval=judgement.interval,
        sample_size=judgement.sample_size,
        difference=judgement.difference,
        conclusion=judgement.conclusion,
        rows_needed=judgement.rows_needed,
        passed=judgement.passed,
        reason=said,
        evidence=judgement.evidence,
    )


def _severity(gate: Gate, judgement: Judgement) -> Literal["block", "warn"]:
    """The gate's; one that only warns for want of data does."""
    doubtful = judgement.conclusion == "not enough data" and not judgement.passed
    if doubtful and isinstance(gate, ClaimingSection) and gate.not_enough_data == "warn":
        return "warn"
    return gate.severity


def _against(gate: Gate, judgement: Judgement, subject: Subject) -> str:
    if isinstance(gate, ChampionGate) and judgement.limit is not None:
        return champion.in_words(gate.environment, subject)
    return ""


def _judgement(name: str, gate: Gate, subject: Subject) -> Judgement:
    if isinstance(gate, ImageGate | DataGate | ModelSizeGate):
        return _found_earlier(name, gate, subject)
    match gate:
        case ThresholdGate():
            return threshold.judge(name, gate, subject)
        case ChampionGate():
            return champion.judge(name, gate, subject)
        case SlicesGate() | FairnessGate() | CalibrationGate() | BusinessGate() | RobustnessGate():
            return _by_predictions(name, gate, subject)
        case CustomGate():
            return _answer(name, gate, subject)
        case _:
            assert_never(gate)


def _by_predictions(name: str, gate: PredictionGate, subject: Subject) -> Judgement:
    match gate:
        case SlicesGate():
            return slices.judge(name, gate, subject)
        case FairnessGate():
            return fairness.judge(name, gate, subject)
        case CalibrationGate():
            return calibration.judge(name, gate, subject)
        case BusinessGate():
            return business.judge(name, gate, subject)
        case RobustnessGate():
            return robustness.judge(name, gate, subject)
        case _:
            assert_never(gate)


def _answer(name: str, gate: CustomGate, subject: Subject) -> Judgement:
    answer = subject.answers.get(name)
    if answer is None:
        raise InputMissingError(
            f"gate `{name}` has not been asked: there is no answer of {gate.entry_point}; "
            "begin there: modelyard run --from ask_gates"
        )
    return answer.model_copy(update={"reason": f"{answer.reason} (gate `{name}`)"})


def _found_earlier(name: str, gate: ImageGate | DataGate | ModelSizeGate, subject: Subject) -> Judgement:
    """What an earlier stage has found for this gate."""
    if name not in subject.answers:
        stage = "audit_image" if isinstance(gate, ImageGate) else "weigh_model"
        stage = "check_data" if isinstance(gate, DataGate) else stage
        raise InputMissingError(
            f"gate `{name}` has not been judged by the stage {stage}; begin there: modelyard run --from {stage}"
        )
    return subject.answers[name]
