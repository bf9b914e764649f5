"""The contract of predictions: what an evaluation writes, as Parquet, whoever wrote it, for gates and reports to read.

| column | in | holds |
| --- | --- | --- |
| `row_id` | all | integer or text: names the row of the held-out data; each once |
| `label` | all | 0 and 1, or booleans (binary); a class (multiclass); a number; a relevance of 0 or more (ranking) |
| `score` | binary, ranking | the probability of class 1 (binary), or any number by which items are ranked |
| `score_CLASS` | multiclass | one for each class: its probability |
| `prediction` | regression, multiclass | the predicted number, in the label's unit; or the class, without scores |
| `query` | ranking | integer or text: what the item was ranked for |
| `weight` | binary, regression; optional | how much the row counts: 0 or more |
| `slice_NAME` | all, optional | text, integer or boolean: a part of the data that is measured apart |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROW_ID, LABEL, SCORE, PREDICTION, QUERY, WEIGHT = "row_id", "label", "score", "prediction", "query", "weight"
CLASS_SCORE, SLICE = "score_", "slice_"


class Task(StrEnum):
    """What the model is asked."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    RANKING = "ranking"


class Kind(StrEnum):
    """What a column may hold; values are what messages call it."""

    NUMBER = "numbers"
    PROBABILITY = "numbers from 0 to 1"
    TRUTH = "0 and 1, or booleans"
    NAME = "texts, integers or booleans"
    IDENTIFIER = "texts or integers"
    AMOUNT = "numbers of 0 or more"


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The columns of some predictions, by name; ``classes`` are those of a multiclass task, in the file's order."""

    task: Task
    classes: tuple[str, ...]
    columns: dict[str, Kind]

    @property
    def slices(self) -> tuple[str, ...]:
        """The names of slices, without the prefix of their columns."""
        return tuple(name.removeprefix(SLICE) for name in self.columns if name.startswith(SLICE))

    @property
    def decided(self) -> bool:
        """Whether rows have a class, and no probabilities of classes."""
        return self.task is Task.MULTICLASS and PREDICTION in self.columns

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return WEIGHT in self.columns


_OF_TASK = {
    Task.BINARY: {LABEL: Kind.TRUTH, SCORE: Kind.PROBABILITY},
    Task.MULTICLASS: {LABEL: Kind.NAME},
    Task.REGRESSION: {LABEL: Kind.NUMBER, PREDICTION: Kind.NUMBER},
    Task.RANKING: {LABEL: Kind.AMOUNT, SCORE: Kind.NUMBER, QUERY: Kind.IDENTIFIER},
}


def schema_of(task: Task, present: Iterable[str]) -> Schema:
    """What a file with these columns has to hold; other columns than those of the contract are left alone."""
    names = tuple(present)
    multiclass = task is Task.MULTICLASS
    classes = tuple(name.removeprefix(CLASS_SCORE) for name in names if multiclass and name.startswith(CLASS_SCORE))
    optional = {WEIGHT: Kind.AMOUNT} | {name: Kind.NAME for name in names if name.startswith(SLICE)}
    columns = {ROW_ID: Kind.IDENTIFIER} | _OF_TASK[task]
    columns |= {CLASS_SCORE + name: Kind.PROBABILITY for name in classes}
    if multiclass and not classes and PREDICTION in names:
        columns |= {PREDICTION: Kind.NAME}
    return Schema(task=task, classes=classes, columns=columns | {k: v for k, v in optional.items() if k in names})


def lacking(schema: Schema, present: Iterable[str]) -> tuple[str, ...]:
    """The columns that a file needs and does not have."""
    names = set(present)
    missing = tuple(name for name in schema.columns if name not in names)
    few = schema.task is Task.MULTICLASS and len(schema.classes) < 2 and not schema.decided
    return (*missing, f"{CLASS_SCORE}CLASS for each of two or more classes, or {PREDICTION}") if few else missing
