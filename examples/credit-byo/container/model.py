"""The models: read rows, learn, predict. Nothing here knows SageMaker, so that it is easy to test."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sklearn.base import ClassifierMixin

MODEL_FILE = "model.joblib"
THRESHOLD = 0.5
"""From this probability on, a client is said to default."""


@dataclass(frozen=True)
class Examples:
    """Rows of features, and the label of each: 1 for a client who defaulted in the following month."""

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


def logistic(class_weight: str | None) -> ClassifierMixin:
    """What a bank can explain to a regulator: every amount has one weight."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, class_weight=class_weight))


def boosting(class_weight: str | None) -> ClassifierMixin:
    """Boosted trees, which see that a late payment means more to some clients than to others."""
    return HistGradientBoostingClassifier(
        learning_rate=0.05, early_stopping=False, class_weight=class_weight, random_state=0
    )


MODELS: Mapping[str, Callable[[str | None], ClassifierMixin]] = {"logistic": logistic, "boosting": boosting}
"""The values of the hyperparameter `model`."""
CLASS_WEIGHTS: Mapping[str, str | None] = {"equal": None, "balanced": "balanced"}
"""The values of the hyperparameter `class_weight`: every client counts alike, or both labels together do."""


# So few rows gain nothing by threads, and lose seconds by them where cores are shared.
one_thread = threadpool_limits.wrap(limits=1)


@one_thread
def fit(examples: Examples, *, kind: str, class_weight: str) -> ClassifierMixin:
    """One of ``MODELS``, trained; the same examples always give the same model."""
    if kind not in MODELS:
        raise ValueError(f"model is {kind!r}, not one of {', '.join(MODELS)}")
    if class_weight not in CLASS_WEIGHTS:
        raise ValueError(f"class_weight is {class_weight!r}, not one of {', '.join(CLASS_WEIGHTS)}")
    return MODELS[kind](CLASS_WEIGHTS[class_weight]).fit(examples.features, examples.labels)


@one_thread
def probabilities(model: ClassifierMixin, features: Sequence[Sequence[float]]) -> list[float]:
    """The probability of each client to default."""
    return [float(default) for _, default in model.predict_proba(features)]


def save(model: ClassifierMixin, folder: Path) -> None:
    """Write the model where SageMaker collects it."""
    joblib.dump(model, folder / MODEL_FILE)


def load(folder: Path) -> ClassifierMixin:
    """Read a model that :func:`save` wrote. Only for artifacts of our own: joblib executes what it loads."""
    return joblib.load(folder / MODEL_FILE)
