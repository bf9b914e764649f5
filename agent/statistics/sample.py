"""Predictions in memory, whatever the task, and their metrics: of all rows, or of some."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics import arrays
from agent.statistics.arrays import Categories, UnusablePredictionsError
from agent.statistics.binary import BinaryReport, binary_report
from agent.statistics.intervals import LEVEL
from agent.statistics.multiclass import MulticlassReport, decisions_report, multiclass_report
from agent.statistics.ranking import RankingReport, ranking_report
from agent.statistics.reading import open_predictions, read
from agent.statistics.regression import regression_estimates, regression_sums
from agent.statistics.schema import CLASS_SCORE, LABEL, PREDICTION, QUERY, ROW_ID, SCORE, SLICE, WEIGHT, Task
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.statistics.arrays import Codes
    from agent.statistics.intervals import Estimate

    Report = BinaryReport | MulticlassReport | RankingReport | Mapping[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a task is measured by: the ``threshold`` of a binary one, and ``k`` of a ranking."""

    threshold: float = 0.5
    k: int = 10


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The rows of some predictions, all columns of shape (n,); ``scores`` of a multiclass task of shape (n, classes).

    ``labels`` are truths (binary), numbers of ``classes`` (multiclass), numbers, or relevances; ``scores`` are
    probabilities, predictions or ranks' scores, or numbers of classes of shape (n,), where these are all that is known;
    ``queries`` numbers of queries.
    """

    task: Task
    settings: Settings
    labels: NDArray[Any]
    scores: NDArray[Any]
    weights: NDArray[Any] | None
    queries: NDArray[Any] | None
    classes: tuple[str, ...]
    slices: Mapping[str, Categories]

    @property
    def rows(self) -> int:
        """Their number."""
        return len(self.labels)

    @property
    def decisions(self) -> NDArray[Any]:
        """The predicted classes, shape (n,): whether it is class 1 (binary), or its number (multiclass).

        A score of 32 bits is compared as what it is, and not with a threshold that was rounded to its precision.
        """
        if self.task is Task.BINARY:
            return self.scores >= np.float64(self.settings.threshold)
        return self.scores if self.scores.ndim == 1 else self.scores.argmax(axis=1)

    def at(self, rows: Codes) -> Sample:
        """Some of the rows, by their indices; their slices are left out."""
        weights, queries = (None if each is None else each[rows] for each in (self.weights, self.queries))
        return Sample(
            task=self.task, settings=self.settings, labels=self.labels[rows], scores=self.scores[rows],
            weights=weights, queries=queries, classes=self.classes, slices={},
        )  # fmt: skip

    def counted(self) -> Sample:
        """Without the rows that weigh nothing; UnusablePredictionsError where that is all of them."""
        if self.weights is None or arrays.weights(self.weights).all():
            return self
        rows = np.flatnonzero(self.weights)
        slices = {name: Categories(codes=each.codes[rows], names=each.names) for name, each in self.slices.items()}
        return replace(self.at(rows), slices=slices)

    def report(self, level: float = LEVEL) -> Report:
        """All that is measured of the task, with intervals of a level."""
        match self.task:
            case Task.BINARY:
                counted = tally(self.labels, self.scores, self.weights)
                return binary_report(counted, threshold=self.settings.threshold, level=level)
            case Task.MULTICLASS if self.scores.ndim == 1:
                return decisions_report(self.labels, self.scores, self.classes, level=level)
            case Task.MULTICLASS:
                return multiclass_report(self.labels, self.scores, self.classes, level=level)
            case Task.REGRESSION:
                return regression_estimates(regression_sums(self.labels, self.scores, self.weights), level)
            case Task.RANKING:
                assert self.queries is not None
                return ranking_report(self.queries, self.labels, self.scores, k=self.settings.k, level=level)

    def estimates(self, level: float = LEVEL) -> Mapping[str, Estimate]:
        """The metrics by name."""
        return metrics_of(self.report(level))


def metrics_of(report: Report) -> Mapping[str, Estimate]:
    """The metrics of a report; a mapping is of a regression, and has them itself."""
    return report.metrics if isinstance(report, BinaryReport | MulticlassReport | RankingReport) else report


def load(files: Sequence[Path], task: Task, settings: Settings, *, slices: Sequence[str] = ()) -> Sample:
    """Read what measuring needs, and the named slices; UnusablePredictionsError says what is wrong."""
    opened = open_predictions(files, task)
    schema = opened.schema
    if unknown := [name for name in slices if name not in schema.slices]:
        present = ", ".join(SLICE + name for name in schema.slices) or "none"
        raise UnusablePredictionsError(
            f"{files[0]} lacks the column {SLICE}{unknown[0]} of a slice that the configuration names; of slices it has"
            f" {present}"
        )
    if not opened.rows:
        raise UnusablePredictionsError(f"{files[0]} has no rows")
    if schema.weighted and task in {Task.MULTICLASS, Task.RANKING}:
        raise UnusablePredictionsError(
            f"{files[0]} has the column {WEIGHT}, which {task} predictions are not measured by"
        )
    unread = {ROW_ID, *(SLICE + name for name in schema.slices if name not in slices)}
    columns = read(opened, [name for name in schema.columns if name not in unread])
    numbers, names = columns.numbers, columns.names
    labels = names[LABEL].codes if task is Task.MULTICLASS else numbers[LABEL]
    scores = names[PREDICTION].codes if schema.decided else _scores(numbers, schema.classes, task)
    return Sample(
        task=task, settings=settings, labels=labels, scores=scores,
        weights=numbers.get(WEIGHT), queries=names[QUERY].codes if QUERY in names else None,
        classes=names[LABEL].names if schema.decided else schema.classes,
        slices={name: names[SLICE + name] for name in slices},
    )  # fmt: skip


def _scores(numbers: Mapping[str, NDArray[Any]], classes: tuple[str, ...], task: Task) -> NDArray[Any]:
    if task is Task.MULTICLASS:
        return np.stack([numbers[CLASS_SCORE + name] for name in classes], axis=1)
    return numbers[PREDICTION if task is Task.REGRESSION else SCORE]
