"""Gates that look at predictions row by row: parts of the data, groups of people, probabilities, and money."""

from typing import Literal

from pydantic import ConfigDict, Field

from agent.config.judging_section import ClaimingSection, MetricSection
from agent.config.predictions import SliceName
from agent.config.robustness import RobustnessGate
from agent.config.section import Section


def _any_of(*keys: str) -> ConfigDict:
    """The demand, for the JSON Schema, that at least one of some keys is written."""
    return ConfigDict(json_schema_extra={"anyOf": [{"required": [key]} for key in keys]})


class SlicesGate(MetricSection):
    """The metric is good enough in every part of the data; at least one of `min`, `max` and `max_gap`."""

    model_config = _any_of("min", "max", "max_gap")

    kind: Literal["slices"] = Field(description="Measures parts of the data apart.")
    slice: SliceName = Field(description="Which parts: one of `evaluation.predictions.slices`.")
    min: float | None = Field(default=None, description="Smallest value of any slice, in the metric's unit.")
    max: float | None = Field(default=None, description="Largest value of any slice, in the metric's unit.")
    max_gap: float | None = Field(
        default=None, ge=0, description="How much worse than the rest the worst slice may be, in the metric's unit."
    )


class FairnessGate(ClaimingSection):
    """Groups of people are treated alike; at least one of the three limits."""

    model_config = _any_of("disparate_impact", "equal_opportunity", "equalised_odds")

    kind: Literal["fairness"] = Field(description="Compares how groups of people are decided about.")
    slice: SliceName = Field(description="Which groups: one of `evaluation.predictions.slices`.")
    reference: str | None = Field(
        default=None, min_length=1, description="Group that others are compared with; without it, the largest."
    )
    disparate_impact: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Smallest ratio of a group's rate of positive decisions to the reference's, or of the "
        "reference's to the group's.",
        examples=[0.8],
    )
    equal_opportunity: float | None = Field(
        default=None, ge=0, le=1, description="Largest difference of true positive rates."
    )
    equalised_odds: float | None = Field(
        default=None, ge=0, le=1, description="Largest difference of true, or of false, positive rates."
    )


class CalibrationGate(ClaimingSection):
    """Probabilities mean what they say; at least one of `max_ece` and `max_brier`."""

    model_config = _any_of("max_ece", "max_brier")

    kind: Literal["calibration"] = Field(description="Compares probabilities with how often they come true.")
    max_ece: float | None = Field(default=None, ge=0, le=1, description="Largest expected calibration error.")
    max_brier: float | None = Field(default=None, ge=0, le=1, description="Largest Brier score.")


class OutcomeValues(Section):
    """What one row of each outcome brings, in any currency; costs are negative."""

    true_positive: float = Field(default=0.0, description="Rightly taken for class 1.")
    false_positive: float = Field(default=0.0, description="Wrongly taken for class 1.")
    false_negative: float = Field(default=0.0, description="Wrongly taken for class 0.")
    true_negative: float = Field(default=0.0, description="Rightly taken for class 0.")


class BusinessGate(ClaimingSection):
    """Decisions by `evaluation.predictions.threshold` are worth enough."""

    kind: Literal["business"] = Field(description="Judges what decisions are worth.")
    values: OutcomeValues = Field(description="What decisions bring.")
    min: float = Field(description="Smallest expected value of a row, in the currency of `values`.")


PredictionGate = SlicesGate | FairnessGate | CalibrationGate | BusinessGate | RobustnessGate
