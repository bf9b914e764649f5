"""What the columns of a build's data sets hold, and how far they are from the deployed model's, as one document."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent.step import StepModel

NOTICEABLE, LARGE = 0.1, 0.25
"""Indices of a change that can be noticed, and of a large one (Siddiqi, Credit Risk Scorecards, 2006)."""
BY_CHANCE = 0.01
"""A change counts if chance alone makes so large an index less often than that."""


class Share(StepModel):
    """A value, and how many of the rows have it."""

    value: str = Field(description="The value, at most 40 characters of it.")
    share: float = Field(description="Share of all rows.")


class ColumnValues(StepModel):
    """What a column holds in one version of a data set."""

    type: Literal["integer", "number", "text", "boolean", "other"] = Field(description="What its values are.")
    missing: float = Field(description="Share of rows without a value, or with a number that is not finite.")
    distinct: int = Field(description="Number of distinct values, approximately.")
    mean: float | None = Field(default=None, description="Mean, of numbers.")
    deviation: float | None = Field(default=None, description="Standard deviation, of numbers.")
    least: float | None = Field(default=None, description="Smallest value, of numbers.")
    greatest: float | None = Field(default=None, description="Largest value, of numbers.")
    most: tuple[Share, ...] = Field(default=(), description="The most frequent values, where there are few.")


class Drift(StepModel):
    """How far a column is from what it was; the three sequences have the same length."""

    index: float = Field(description="Population stability index.")
    chance: float = Field(description="How likely so large an index is by chance.")
    bins: tuple[str, ...] = Field(description="Ranges of equal numbers of rows before, or classes.")
    before: tuple[float, ...] = Field(description="Share of rows of each before.")
    now: tuple[float, ...] = Field(description="Share of rows of each now.")

    @property
    def matters(self) -> bool:
        """Whether it is no hardly noticeable change (Siddiqi's rule of thumb), and none that chance explains."""
        return self.index >= NOTICEABLE and self.chance < BY_CHANCE


class ColumnSummary(StepModel):
    """A column now and before, as far as it was there."""

    name: str = Field(description="Name.")
    now: ColumnValues = Field(description="What it holds.")
    before: ColumnValues | None = Field(default=None, description="What it held.")
    drift: Drift | None = Field(default=None, description="How far it has moved, where that can be told.")

    @property
    def has_drifted(self) -> bool:
        """Whether it has moved as far as matters."""
        return self.drift is not None and self.drift.matters

    @property
    def index(self) -> float:
        """How far it has moved; 0 where that cannot be told."""
        return self.drift.index if self.drift else 0.0


class Earlier(StepModel):
    """The version of a data set that it is compared with."""

    environment: str = Field(description="Environment whose deployed release was made of it.")
    release: str = Field(description="Digest of that release.")
    digest: str = Field(description="Digest of the version.")
    rows: int | None = Field(default=None, description="Number of rows; none where the data are the same.")


class DataSetSummary(StepModel):
    """One data set: of the data that cannot be summarized only the name is known, and why."""

    name: str = Field(description="Name of the data set.")
    digest: str = Field(description="Digest of the version.")
    rows: int | None = Field(default=None, description="Number of rows.")
    columns: tuple[ColumnSummary, ...] = Field(default=(), description="Its columns, in their order.")
    left_out: int = Field(default=0, description="Number of further columns, which are not described.")
    gone: tuple[str, ...] = Field(default=(), description="Columns that only the version before has.")
    earlier: Earlier | None = Field(default=None, description="What it is compared with.")
    problem: str = Field(default="", description="Why it could not be summarized or compared.")

    @property
    def drifted(self) -> tuple[ColumnSummary, ...]:
        """The columns that have, in their order."""
        return tuple(column for column in self.columns if column.has_drifted)


class Summaries(StepModel):
    """All data sets that a build summarizes."""

    contract: Literal[1] = Field(default=1, description="Number of this contract.")
    data: tuple[DataSetSummary, ...] = Field(description="The data sets, in the order of the configuration.")
