"""What predictions say of one model, as a document beside them: what a report draws, and what its numbers are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from agent.artifacts import Interval, PredictionFiles
from agent.step import StepModel

FILE = "measurements.json"

Floats = tuple[float, ...]


class Measured(StepModel):
    """A metric; ``value`` is none where it is undefined, and the interval alone where the rows tell nothing of it."""

    value: float | None = Field(description="Value, in the metric's unit.")
    deviation: float | None = Field(default=None, description="Standard error.")
    interval: Interval | None = Field(default=None, description="Its interval.")
    rows: float = Field(description="Rows, or queries, or rows of a class, that the precision comes from.")
    method: str = Field(default="", description="How the interval was made.")


class Line(StepModel):
    """Points of a curve by descending threshold, at most 200; all three have the same length."""

    x: Floats = Field(description="False positive rates (ROC), or recalls (precision-recall).")
    y: Floats = Field(description="True positive rates (ROC), or precisions (precision-recall).")
    thresholds: tuple[float | None, ...] = Field(
        description="Score from which a row is positive at each point; none where no row is."
    )


class CalibrationBins(StepModel):
    """Rows by predicted probability; bins without rows are left out; all three have the same length."""

    predicted: Floats = Field(description="Mean probability of each bin, ascending.")
    observed: Floats = Field(description="Share of positive rows of each bin.")
    counts: Floats = Field(description="Rows of each bin.")


class ScoreHistogram(StepModel):
    """Rows of both classes by score, in bins of equal width."""

    edges: Floats = Field(description="Edges of bins, ascending: one more than bins.")
    positives: Floats = Field(description="Rows of class 1 in each bin.")
    negatives: Floats = Field(description="Rows of class 0 in each bin.")


class ResidualHistogram(StepModel):
    """Prediction - label, in the label's unit."""

    edges: Floats = Field(description="Edges of bins, ascending: one more than bins.")
    counts: Floats = Field(description="Rows in each bin.")
    quantiles: Mapping[str, float] = Field(description="Quantiles by share, such as `0.05`.")


class ConfusionMatrix(StepModel):
    """Rows by true and by decided class."""

    classes: tuple[str, ...] = Field(description="Names of the classes.")
    counts: tuple[Floats, ...] = Field(description="For each true class, the rows of each decided class.")


class MeasuredSlice(StepModel):
    """The rows in which a slice's column has one value."""

    value: str = Field(description="That value.")
    rows: int = Field(description="Number of rows.")
    metrics: Mapping[str, Measured] = Field(
        description="Its metrics by name: those of `evaluation.metrics`; none where it has fewer rows than `support`."
    )


class SliceColumn(StepModel):
    """All slices by one column."""

    column: str = Field(description="Name of the slice, without `slice_`.")
    slices: tuple[MeasuredSlice, ...] = Field(description="Slices by descending number of rows, at most 50.")
    left_out: int = Field(default=0, description="Number of smaller slices, which are not told.")


class Measurements(StepModel):
    """All of it; what the task does not have is none."""

    contract: Literal[1] = Field(default=1, description="Number of this contract.")
    task: Literal["binary", "multiclass", "regression", "ranking"] = Field(description="What the model is asked.")
    rows: int = Field(description="Number of rows.")
    predictions: PredictionFiles = Field(description="The predictions that all of it is of.")
    level: float = Field(description="Level of the intervals, such as 0.95.")
    metrics: Mapping[str, Measured] = Field(description="Metrics by name.")
    threshold: float | None = Field(default=None, description="Score from which a row is taken for class 1 (binary).")
    positives: float | None = Field(default=None, description="Rows of class 1 (binary).")
    roc: Line | None = Field(default=None, description="Receiver operating characteristic (binary).")
    precision_recall: Line | None = Field(default=None, description="Precision by recall (binary).")
    calibration: CalibrationBins | None = Field(default=None, description="Reliability of probabilities (binary).")
    scores: ScoreHistogram | None = Field(default=None, description="Histogram of scores (binary).")
    confusion: ConfusionMatrix | None = Field(default=None, description="Confusion matrix (binary, multiclass).")
    aucs: Mapping[str, Measured] = Field(default={}, description="AUC of each class against the rest (multiclass).")
    residuals: ResidualHistogram | None = Field(default=None, description="Histogram of residuals (regression).")
    queries_left_out: int | None = Field(
        default=None, description="Queries without a relevant item, which no metric is of (ranking)."
    )
    slices: tuple[SliceColumn, ...] = Field(default=(), description="Parts of the data, in the configuration's order.")
