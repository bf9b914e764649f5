"""The model: reads rows, learns, predicts. Nothing here knows SageMaker, so that it is easy to test."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
from sklearn.ensemble import GradientBoostingClassifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MODEL_FILE = "model.joblib"
THRESHOLD = 0.5
"""From this probability on, a tumour is called malignant."""


@dataclass(frozen=True)
class Examples:
    """Rows of measurements, and the label of each: 1 for a malignant tumour, 0 for a benign one."""

    labels: list[int]
    features: list[list[float]]


def read_examples(folder: Path) -> Examples:
    """Every CSV file of a folder: no header, the label first; raises ValueError that names the wrong row."""
    labels: list[int] = []
    features: list[list[float]] = []
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError(f"there is no CSV file in {folder}")
    for file in files:
        with file.open(newline="") as lines:
            for number, row in enumerate(csv.reader(lines), start=1):
                try:
                    labels.append(("0", "1").index(row[0]))
                    features.append([float(value) for value in row[1:]])
                except (ValueError, IndexError) as error:
                    raise ValueError(f"{file.name}, row {number}: 0 or 1, then numbers: {error}") from error
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


def fit(examples: Examples, *, trees: int, malignant_weight: float) -> GradientBoostingClassifier:
    """Boosted trees of one question each; the same examples always give the same model.

    Every malignant example counts ``malignant_weight`` times: a tumour that is missed costs more than a false alarm.
    """
    weights = [malignant_weight if label else 1.0 for label in examples.labels]
    model = GradientBoostingClassifier(n_estimators=trees, max_depth=1, random_state=0)
    return model.fit(examples.features, examples.labels, sample_weight=weights)


def probabilities(model: GradientBoostingClassifier, features: Sequence[Sequence[float]]) -> list[float]:
    """The probability of each row to be of a malignant tumour."""
    return [float(malignant) for _, malignant in model.predict_proba(features)]


def save(model: GradientBoostingClassifier, folder: Path) -> None:
    """Write the model where SageMaker collects it."""
    joblib.dump(model, folder / MODEL_FILE)


def load(folder: Path) -> GradientBoostingClassifier:
    """Read a model that :func:`save` wrote. Only for artifacts of our own: joblib executes what it loads."""
    return joblib.load(folder / MODEL_FILE)
