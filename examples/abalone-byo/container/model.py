"""The model: reads rows, learns, predicts. Nothing here knows SageMaker, so that it is easy to test."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_squared_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MODEL_FILE = "model.joblib"
SEXES = ("M", "F", "I")
"""Male, female, infant."""
COLUMNS = 8
"""Values of one animal: its sex, three lengths in mm/200, four weights in g/200."""


@dataclass(frozen=True)
class Examples:
    """Rows of features, and the number of rings of each."""

    rings: list[float]
    features: list[list[float]]


def read_examples(folder: Path) -> Examples:
    """Every CSV file of a folder: no header, the rings first; raises ValueError that names the wrong row."""
    rings: list[float] = []
    features: list[list[float]] = []
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError(f"there is no CSV file in {folder}")
    for file in files:
        with file.open(newline="") as lines:
            for number, row in enumerate(csv.reader(lines), start=1):
                try:
                    rings.append(float(row[0]))
                    features.append(encode(row[1:]))
                except (ValueError, IndexError) as error:
                    raise ValueError(f"{file.name}, row {number}: {error}") from error
    return Examples(rings, features)


def parse_features(lines: Iterable[str]) -> list[list[float]]:
    """Rows as a client sends them, without rings; raises ValueError that names the wrong row."""
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(encode(line.split(",")))
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None
    if not rows:
        raise ValueError("there are no rows")
    return rows


def encode(row: Sequence[str]) -> list[float]:
    """The features of one animal, from its values as text: the sex becomes one column for each of ``SEXES``."""
    if len(row) != COLUMNS:
        raise ValueError(f"{len(row)} values, not {COLUMNS}")
    sex = row[0].strip()
    if sex not in SEXES:
        raise ValueError(f"the sex is {sex!r}, not one of {', '.join(SEXES)}")
    return [*(float(sex == known) for known in SEXES), *(float(value) for value in row[1:])]


def sex_of(features: Sequence[float]) -> str:
    """The sex of an animal, of its features."""
    return SEXES[list(features[: len(SEXES)]).index(1.0)]


def fit(training: Examples, validation: Examples, *, max_depth: int, max_trees: int) -> GradientBoostingRegressor:
    """Boosted trees, as many as predict the validation best; the same examples always give the same model."""
    settings = {"max_depth": max_depth, "subsample": 0.7, "random_state": 0}
    longest = GradientBoostingRegressor(n_estimators=max_trees, **settings).fit(training.features, training.rings)
    errors = [mean_squared_error(validation.rings, stage) for stage in longest.staged_predict(validation.features)]
    trees = errors.index(min(errors)) + 1
    return GradientBoostingRegressor(n_estimators=trees, **settings).fit(training.features, training.rings)


def predict(model: GradientBoostingRegressor, features: Sequence[Sequence[float]]) -> list[float]:
    """The rings of each row."""
    return [float(rings) for rings in model.predict(features)]


def save(model: GradientBoostingRegressor, folder: Path) -> None:
    """Write the model where SageMaker collects it."""
    joblib.dump(model, folder / MODEL_FILE)


def load(folder: Path) -> GradientBoostingRegressor:
    """Read a model that :func:`save` wrote. Only for artifacts of our own: joblib executes what it loads."""
    return joblib.load(folder / MODEL_FILE)
