"""Gates: what a model must achieve before it is released, written so that a reviewer can read them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from agent.config.field_types import EnvironmentName
from agent.config.section import NamedSection


class JudgingSection(NamedSection):
    """What every kind of gate says."""

    kind: str = Field(description="How the metric is judged.")
    metric: str = Field(
        min_length=1, description="Metric to judge: one of `evaluation.metrics`.", examples=["accuracy"]
    )
    severity: Literal["block", "warn"] = Field(
        default="block", description="`block` ends the pipeline as *refused*; `warn` only reports."
    )
    message: str = Field(default="", description="Sentence for people, shown when the gate refuses.")


class ThresholdGate(JudgingSection):
    """The metric stays within fixed limits; at least one of `min` and `max`."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["min"]}, {"required": ["max"]}]})

    kind: Literal["threshold"] = Field(description="Compares the metric with fixed limits.")
    min: float | None = Field(default=None, description="Smallest value that passes, in the metric's unit.")
    max: float | None = Field(default=None, description="Largest value that passes, in the metric's unit.")


class ChampionGate(JudgingSection):
    """The model is not worse than the one that is deployed in an environment, judged on the same rows."""

    kind: Literal["champion"] = Field(description="Compares the metric with the deployed model's.")
    environment: EnvironmentName = Field(description="Environment whose deployed model is the champion.")
    margin: float = Field(
        default=0.0,
        description="How much worse than the champion may pass, in the metric's unit; "
        "a negative margin demands an improvement.",
    )


Gate = Annotated[ThresholdGate | ChampionGate, Field(discriminator="kind")]
