"""Gates on the data that a model is made of: what its columns hold, what it gives away, and how it has changed."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agent.config.field_types import DataName, EnvironmentName
from agent.config.judging_section import JudgingSection
from agent.config.section import Section

ColumnName = Annotated[str, Field(min_length=1, title="column", examples=["age"])]


class Column(Section):
    """What a column of a table holds."""

    type: Literal["integer", "number", "text", "boolean"] = Field(description="What every value is.")
    missing: float = Field(
        default=0.0, ge=0, le=1, description="Largest share of rows without a value, such as 0.05 for one in twenty."
    )
    min: float | None = Field(default=None, description="Smallest value, of numbers.")
    max: float | None = Field(default=None, description="Largest value, of numbers.")
    values: tuple[str | int | float | bool, ...] = Field(
        default=(), description="The only values that there may be; without it, any.", examples=[["yes", "no"]]
    )


class DataSection(JudgingSection):
    """What every gate on data says."""

    data: DataName = Field(
        default="training",
        description="Data set to judge, a source or what the preparation makes: files named `.csv` or `.parquet`.",
    )
    header: bool = Field(
        default=False,
        description="Whether the first line of a CSV file names the columns; without it they are called `column0`, "
        "`column1`, … in their order, unless `columns` names them.",
    )
    largest_gb: int = Field(
        default=2, ge=1, le=1000, description="How much data the agent may fetch in order to judge, in GB."
    )


class DataSchemaGate(DataSection):
    """Every row of a data set is as it is declared: its columns, their types, and what they may hold."""

    kind: Literal["data-schema"] = Field(description="Counts the constraints that rows violate.")
    columns: Mapping[ColumnName, Column] = Field(
        min_length=1, description="Columns by name; those of a CSV file without a header in the file's order."
    )
    others: Literal["pass", "refuse"] = Field(
        default="pass", description="What becomes of columns that are not declared; a CSV without a header has none."
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        return f"{self.data}: {', '.join(self.columns)}"


class LeakageGate(DataSection):
    """What a model learns from does not hold the answers that it is measured by."""

    kind: Literal["leakage"] = Field(description="Looks for shared rows, and for features that give the label away.")
    held_out: DataName = Field(default="evaluation", description="Data set that the model is measured on.")
    most_shared: float = Field(
        default=0.0, ge=0, le=1, description="Largest share of the held-out rows that the data set may hold, too."
    )
    most_auc: float | None = Field(
        default=None,
        gt=0.5,
        lt=1,
        description="Best AUC that one feature alone may have, of two classes; without it, features are not looked at.",
        examples=[0.99],
    )
    label: ColumnName | None = Field(
        default=None, description="Column of the label, for `most_auc`; without it, the first one."
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        alone = f", a feature's AUC ≤ {self.most_auc:g}" if self.most_auc is not None else ""
        return f"{self.held_out} in {self.data} ≤ {self.most_shared:g}{alone}"


class LabelShiftGate(DataSection):
    """Labels are distributed as in the data of the model that an environment serves."""

    kind: Literal["label-shift"] = Field(description="Compares the label with that of the deployed model's data.")
    environment: EnvironmentName = Field(description="Environment whose deployed model's data set is compared with.")
    label: ColumnName | None = Field(default=None, description="Column of the label; without it, the first one.")
    most: float = Field(
        default=0.25,
        gt=0,
        description="Largest population stability index: below 0.1 there is hardly a change, above 0.25 a large one.",
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        return f"{self.data} against {self.environment} ≤ {self.most:g}"


DataGate = DataSchemaGate | LeakageGate | LabelShiftGate
"""Gates on data alone, which answer before any model is measured."""
