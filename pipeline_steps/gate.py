"""Refuse a model that misses its thresholds or loses to the one that is deployed, unless somebody lets it pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Evaluation, Judgement, Verdict, refusal_by
from agent.config.gate import Gate
from agent.config.gate_overrides import GateOverrides
from agent.gates import judging
from agent.gates.findings import Finding
from agent.gates.overriding import Judge
from agent.gates.subject import Better, Subject
from agent.ledger.overrides import Overrides
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context


class Inputs(StepModel):
    """What to judge, and by what."""

    gates: Mapping[str, Gate] = Field(description="Gates that judge this build, by name.")
    better: Mapping[str, Better] = Field(description="Direction of improvement of each metric.")
    evaluation: Evaluation = Field(description="What the candidate achieves.")
    champions: Mapping[str, Evaluation] = Field(description="What deployed models achieve on the same rows.")
    releases: Mapping[str, str] = Field(
        default={}, description="Digest of the release that each champion is deployed by, by environment."
    )
    training: Mapping[str, float] = Field(
        default={}, description="Metrics that the training job reported, for gates on those."
    )
    answers: Mapping[str, Judgement] = Field(default={}, description="What the custom gates answered, by name.")
    findings: Mapping[str, Finding] = Field(default={}, description="What predictions answer to gates, by name.")
    overrides: GateOverrides = Field(default=GateOverrides(), description="Who may override a gate.")
    author: str = Field(default="", description="Author of the commit, who may not.")


class Result(StepModel):
    """What the gates say; all of them are judged, even when one refuses."""

    verdicts: tuple[Verdict, ...] = Field(description="Verdicts in the order of the configuration.")

    @property
    def refusal(self) -> str | None:
        """The reasons of every gate that keeps the model from being released, or None."""
        return refusal_by(self.verdicts)


def judge(inputs: Inputs) -> tuple[Verdict, ...]:
    """What every gate says, in their order; InputMissingError where something was not measured."""
    subject = Subject(
        evaluation=inputs.evaluation,
        champions=inputs.champions,
        better=inputs.better,
        releases=inputs.releases,
        training=inputs.training,
        answers=inputs.answers,
        findings=inputs.findings,
    )
    return judging.judge(inputs.gates, subject)


def run(inputs: Inputs, context: Context) -> Result:
    """Judge, and tell each verdict; the ledger is asked for overrides only where a gate refuses."""
    verdicts = judge(inputs)
    if any(verdict.blocks for verdict in verdicts):
        verdicts = _overridden(verdicts, inputs, context)
    for verdict in verdicts:
        _tell(verdict, context)
    return Result(verdicts=verdicts)


def _overridden(verdicts: Sequence[Verdict], inputs: Inputs, context: Context) -> tuple[Verdict, ...]:
    """The verdicts, with the overrides that count now beside those that refuse."""
    kept, now = Overrides(context.ledger).of(inputs.evaluation.model), context.clock.now()
    by = Judge(rule=inputs.overrides, author=inputs.author)
    judged = tuple(by.overridden(verdict, kept, at=now) for verdict in verdicts)
    for verdict in judged:
        for fault in by.faults(verdict, kept, at=now) if verdict.state == "refused" else ():
            context.report.warn(f"an override of gate `{verdict.gate}` does not count: {fault}")
    return judged


def _tell(verdict: Verdict, context: Context) -> None:
    where = f", for {' and '.join(verdict.environments)}" if verdict.environments else ""
    (context.report.fact if verdict.passed else context.report.warn)(f"{verdict.reason}{where}")
    if verdict.override is not None:
        context.report.warn(verdict.override.told(verdict.gate))


STEP = Step(inputs=Inputs, result=Result, run=run, account="none", effect="read")
