"""Gates: what a model must achieve before it is released, written so that a reviewer can read them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from agent.config.data_gates import DataGate
from agent.config.field_types import Duration, EntryPoint, EnvironmentName
from agent.config.judging_section import JudgingSection, MetricSection
from agent.config.prediction_gates import PredictionGate
from agent.config.section import Resources
from agent.config.supply_gates import ImageGate
from agent.config.system_gates import ModelSizeGate


class ThresholdGate(MetricSection):
    """The metric stays within fixed limits; at least one of `min` and `max`."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["min"]}, {"required": ["max"]}]})

    kind: Literal["threshold"] = Field(description="Compares the metric with fixed limits.")
    min: float | None = Field(default=None, description="Smallest value that passes, in the metric's unit.")
    max: float | None = Field(default=None, description="Largest value that passes, in the metric's unit.")


class ChampionGate(MetricSection):
    """The model is not worse than the one that is deployed in an environment, judged on the same rows."""

    kind: Literal["champion"] = Field(description="Compares the metric with the deployed model's.")
    environment: EnvironmentName = Field(description="Environment whose deployed model is the champion.")
    margin: float = Field(
        default=0.0,
        description="How much worse than the champion may pass, in the metric's unit; "
        "a negative margin demands an improvement. With `confidence`, a margin of 0 demands proof of one.",
    )


class CustomGate(JudgingSection):
    """A function of the model repository judges what the evaluation wrote, as a job in the model's image."""

    kind: Literal["custom"] = Field(description="Asks a function of the model repository.")
    entry_point: EntryPoint = Field(description="Module, a file of the repository, and a function in it.")
    resources: Resources | None = Field(
        default=None, description="Machines of the job; without it, `evaluation.resources`."
    )
    max_runtime: Duration = Field(default=900, ge=1, le=432_000, description="Time limit, in seconds or as a duration.")


Gate = Annotated[
    ThresholdGate | ChampionGate | PredictionGate | CustomGate | ImageGate | DataGate | ModelSizeGate,
    Field(discriminator="kind"),
]


def module_of(entry_point: str) -> str:
    """The file of an entry point's module, relative to the model repository."""
    return f"{entry_point.partition(':')[0].replace('.', '/')}.py"
