"""Predictions that the evaluation script leaves for statistics: what the model is asked, and how it is measured."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agent.config.section import Section

SliceName = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\s/]+$", title="slice", examples=["age_group"])
]

PlacedColumn = Annotated[str, Field(pattern=r"^column(0|[1-9]\d{0,4})$", title="column", examples=["column3"])]


class Predictions(Section):
    """Rows that the script writes as Parquet, for metrics with intervals, curves, and gates that compare row by row."""

    task: Literal["binary", "multiclass", "regression", "ranking"] = Field(
        description="What the model is asked: one of two classes, one of several, a number, or an order of items."
    )
    threshold: float = Field(
        default=0.5, ge=0, le=1, description="Score from which a row is taken for class 1, where the task is binary."
    )
    k: int = Field(
        default=10,
        ge=1,
        le=10_000,
        description="Number of a query's first items that count, where the task is ranking.",
    )
    slices: tuple[SliceName, ...] = Field(
        default=(),
        description="Parts of the data that are measured apart: for each name, predictions have a column `slice_NAME`.",
        examples=[["sex", "age_group"]],
    )
    columns: Mapping[SliceName, PlacedColumn] = Field(
        default={},
        description="Columns of the data that are the slices, where the model is asked row by row through its serving "
        "code: `column0`, `column1`, … by their place in CSV without a header; the label is `column0`.",
        examples=[{"sex": "column2"}],
    )
    support: int = Field(
        default=100, ge=2, description="Smallest number of rows of a slice, or of a group, that is measured apart."
    )
    correction: Literal["bonferroni", "none"] = Field(
        default="bonferroni",
        description="What several gates with a `confidence` do to each other: `bonferroni` widens their intervals so "
        "that all of them hold together, `none` leaves each alone.",
    )
