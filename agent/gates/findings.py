"""What gates ask of predictions, and what these answer: numbers only, so that judging them needs no rows.

A question holds what the numbers depend on and nothing else: for another limit, the same answer is judged again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, assert_never

from pydantic import Field

from agent.artifacts import Interval
from agent.config.gate import ChampionGate
from agent.config.judging_section import ClaimingSection
from agent.config.prediction_gates import (
    BusinessGate,
    CalibrationGate,
    FairnessGate,
    OutcomeValues,
    PredictionGate,
    SlicesGate,
)
from agent.config.robustness import RobustnessGate
from agent.statistics.claims import needed_level
from agent.statistics.intervals import Estimate
from agent.step import StepModel

if TYPE_CHECKING:
    from agent.config.gate import Gate
    from agent.config.predictions import Predictions

_SHOWN = 0.95
"""Level of the intervals that gates without a `confidence` show."""


class Question(StepModel):
    """What one gate wants to know."""

    kind: Literal["threshold", "champion", "slices", "fairness", "calibration", "business", "robustness"] = Field(
        description="Kind of the gate."
    )
    level: float = Field(description="Level of the intervals.")
    metric: str = Field(default="", description="Metric of which it is asked.")
    environment: str = Field(default="", description="Environment whose champion is compared with.")
    slice: str = Field(default="", description="Slice whose values are measured apart, or compared.")
    reference: str | None = Field(default=None, description="Group that others are compared with.")
    values: OutcomeValues | None = Field(default=None, description="What outcomes bring.")
    perturbations: tuple[str, ...] = Field(default=(), description="Perturbations by which the model is compared.")


class Estimated(StepModel):
    """One number with its interval; both are none where the rows do not tell."""

    of: str = Field(description="What it is of: a metric, a slice's or a group's value, a threshold.")
    value: float | None = Field(description="Value.")
    deviation: float | None = Field(default=None, description="Standard error.")
    interval: Interval | None = Field(default=None, description="Interval.")
    rows: float = Field(description="Rows that the precision comes from.")
    of_rows: int = Field(description="Rows that had to be looked at for these.")

    @property
    def estimate(self) -> Estimate:
        """As statistics know it; NaN for what is not known."""
        interval = self.interval
        low, high, level = (interval.low, interval.high, interval.level) if interval else (math.nan, math.nan, _SHOWN)
        value, deviation = (math.nan if each is None else each for each in (self.value, self.deviation))
        return Estimate(value=value, deviation=deviation, low=low, high=high, level=level, rows=self.rows, method="")


class Finding(StepModel):
    """What predictions answer to one question, in lists by what the numbers mean; see :mod:`agent.gates`."""

    estimates: Mapping[str, tuple[Estimated, ...]] = Field(default={}, description="Numbers by what they are.")
    champion: float | None = Field(default=None, description="The champion's value, in a comparison.")
    candidate: float | None = Field(
        default=None, description="The candidate's value, in a comparison; of perturbations, on the data as they are."
    )
    too_small: tuple[str, ...] = Field(default=(), description="Slices or groups with too few rows to be measured.")
    absent: str = Field(default="", description="Why there are no numbers.")

    def all_of(self, name: str) -> tuple[Estimated, ...]:
        """The numbers of one meaning."""
        return self.estimates.get(name, ())


def copy_name(gate: str, perturbation: str) -> str:
    """What a perturbed copy of the held-out data is called beside those of other gates."""
    return f"{gate}/{perturbation}"


def questions(gates: Mapping[str, Gate], predictions: Predictions | None) -> dict[str, Question]:
    """What gates ask of predictions, by their names; nothing where there are none."""
    if predictions is None:
        return {}
    sure = [gate for gate in gates.values() if isinstance(gate, ClaimingSection) and gate.confidence is not None]
    tests = len(sure) if predictions.correction == "bonferroni" else 1
    asked = ((name, _question(gate, tests)) for name, gate in gates.items())
    return {name: question for name, question in asked if question is not None}


def _question(gate: Gate, tests: int) -> Question | None:
    if not isinstance(gate, ClaimingSection):
        return None
    level = _SHOWN if gate.confidence is None else needed_level(tests, gate.confidence)
    if isinstance(gate, PredictionGate):
        return _of_rows(gate, level)
    if gate.confidence is None:
        return None
    environment = gate.environment if isinstance(gate, ChampionGate) else ""
    return Question(kind=gate.kind, level=level, metric=gate.metric, environment=environment)


def _of_rows(gate: PredictionGate, level: float) -> Question:
    """The question of a gate that always looks at rows."""
    match gate:
        case SlicesGate():
            return Question(kind="slices", level=level, metric=gate.metric, slice=gate.slice)
        case FairnessGate():
            return Question(kind="fairness", level=level, slice=gate.slice, reference=gate.reference)
        case CalibrationGate():
            return Question(kind="calibration", level=level)
        case BusinessGate():
            return Question(kind="business", level=level, values=gate.values)
        case RobustnessGate():
            return Question(kind="robustness", level=level, metric=gate.metric, perturbations=tuple(gate.perturbations))
        case _:
            assert_never(gate)
