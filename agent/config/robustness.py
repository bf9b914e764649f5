"""The gate on how a model bears what becomes of its inputs: which columns are perturbed, how, and by how much."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agent.config.data_gates import ColumnName
from agent.config.field_types import EntryName
from agent.config.judging_section import MetricSection
from agent.config.section import Section

Share = Annotated[float, Field(gt=0, le=1)]


class PerturbationSection(Section):
    """What every perturbation says."""

    kind: str = Field(description="What becomes of the columns.")
    columns: tuple[ColumnName, ...] = Field(
        min_length=1, description="Columns that it changes; each of them on its own unless said otherwise."
    )


class NoisePerturbation(PerturbationSection):
    """Numbers are measured less well."""

    kind: Literal["noise"] = Field(description="Adds normal noise to numbers; whole numbers stay whole.")
    deviations: float = Field(
        gt=0, description="Standard deviation of the noise, in standard deviations of the column.", examples=[0.1]
    )

    @property
    def amount(self) -> float:
        """By how much."""
        return self.deviations


class ShiftPerturbation(PerturbationSection):
    """Numbers have drifted away."""

    kind: Literal["shift"] = Field(description="Adds the same to all numbers; whole numbers stay whole.")
    deviations: float = Field(
        description="What is added, in standard deviations of the column; negative to subtract.", examples=[0.5, -0.5]
    )

    @property
    def amount(self) -> float:
        """By how much."""
        return self.deviations


class ScalePerturbation(PerturbationSection):
    """Numbers come in another unit, or from an instrument that shows too much."""

    kind: Literal["scale"] = Field(description="Multiplies numbers; whole numbers stay whole.")
    factor: float = Field(gt=0, description="By what.", examples=[1.1])

    @property
    def amount(self) -> float:
        """By how much."""
        return self.factor


class MissingPerturbation(PerturbationSection):
    """Values are not there."""

    kind: Literal["missing"] = Field(
        description="Takes values away: an empty field of CSV, a null of Parquet. The evaluation script has to bear it."
    )
    fraction: Share = Field(description="Share of the rows that lose their value, such as 0.1.")

    @property
    def amount(self) -> float:
        """By how much."""
        return self.fraction


class ShufflePerturbation(PerturbationSection):
    """Values say nothing any more, though each may be one: how much a model rests on a column."""

    kind: Literal["shuffle"] = Field(description="Gives each row the values of another one, of all `columns` together.")

    @property
    def amount(self) -> float:
        """All rows."""
        return 1.0


class SwapPerturbation(PerturbationSection):
    """Categories are mistaken."""

    kind: Literal["swap"] = Field(description="Puts another of the column's values, at most 1000, in place of one.")
    fraction: Share = Field(description="Share of the rows whose value is another one, such as 0.05.")

    @property
    def amount(self) -> float:
        """By how much."""
        return self.fraction


Perturbation = Annotated[
    NoisePerturbation
    | ShiftPerturbation
    | ScalePerturbation
    | MissingPerturbation
    | ShufflePerturbation
    | SwapPerturbation,
    Field(discriminator="kind"),
]


class RobustnessGate(MetricSection):
    """The metric does not drop much where inputs are worse than those of the held-out data."""

    kind: Literal["robustness"] = Field(
        description="Evaluates the model on perturbed copies of `evaluation.data`, and compares row by row."
    )
    perturbations: Mapping[EntryName, Perturbation] = Field(
        min_length=1,
        max_length=10,
        description="Perturbations by name, each a job of its own; all of them have to be borne.",
    )
    max_drop: float = Field(
        ge=0, description="How much worse than on the data as they are the metric may be, in the metric's unit."
    )
    header: bool = Field(
        default=False,
        description="Whether the first line of a CSV file names the columns; without it they are called `column0`, "
        "`column1`, … in their order.",
    )
    label: ColumnName | None = Field(
        default=None, description="Column of the label, which is never perturbed; without it, the first one."
    )
    largest_gb: int = Field(
        default=2, ge=1, le=1000, description="How much data the agent may fetch in order to perturb them, in GB."
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        return f"drop ≤ {self.max_drop:g} under {', '.join(self.perturbations)}"
