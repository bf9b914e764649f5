"""The model: reads rows, learns, predicts. Nothing here knows SageMaker, so that it is easy to test."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MODEL_FILE = "model.joblib"


@dataclass(frozen=True)
class Examples:
    """Rows of features, and the label of each."""

    labels: list[str]
    features: list[list[float]]


def read_examples(folder: Path) -> Examples:
    """Every CSV file of a folder: no header, the label first, then the features."""
    labels: list[str] = []
    features: list[list[float]] = []
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError(f"there is no CSV file in {folder}")
    for file in files:
        with file.open(newline="") as lines:
            for row in csv.reader(lines):
                if row:
                    labels.append(row[0])
                    features.append([float(value) for value in row[1:]])
    return Examples(labels, features)


def parse_features(lines: Iterable[str], count: int) -> list[list[float]]:
    """Rows of exactly ``count`` features, as a client sends them; raises ValueError that names the wrong row."""
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = line.split(",")
        if len(row) != count:
            raise ValueError(f"row {number} has {len(row)} values, not {count}")
        try:
            rows.append([float(value) for value in row])
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None
    if not rows:
        raise ValueError("there are no rows")
    return rows


def fit(examples: Examples, *, max_leaf_nodes: int) -> DecisionTreeClassifier:
    """A decision tree; the same examples always give the same tree."""
    tree = DecisionTreeClassifier(max_leaf_nodes=max_leaf_nodes, random_state=0)
    return tree.fit(examples.features, examples.labels)


def predict(tree: DecisionTreeClassifier, features: Sequence[Sequence[float]]) -> list[str]:
    """The label of each row."""
    return [str(label) for label in tree.predict(features)]


def accuracy(tree: DecisionTreeClassifier, examples: Examples) -> float:
    """The share of the examples whose label is predicted, from 0 to 1."""
    return float(tree.score(examples.features, examples.labels))


def save(tree: DecisionTreeClassifier, folder: Path) -> None:
    """Write the model where SageMaker collects it."""
    joblib.dump(tree, folder / MODEL_FILE)


def load(folder: Path) -> DecisionTreeClassifier:
    """Read a model that :func:`save` wrote. Only for artifacts of our own: joblib executes what it loads."""
    return joblib.load(folder / MODEL_FILE)
