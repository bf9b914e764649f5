"""Writes Fisher's iris data, which comes with scikit-learn, as headerless CSV with the label first.

usage: python make_data.py [FILE]

Without FILE it writes what `modelyard.yaml` reads, and what is part of this repository: data/training/iris.csv with
100 flowers and data/evaluation/iris.csv with the other 50. With FILE it writes all of them there.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

from sklearn.datasets import load_iris

TRAINING_ROWS = 100


def flowers() -> list[list[object]]:
    """150 rows in a fixed random order, so that any part of them holds all three species."""
    iris = load_iris()
    rows = [[iris.target_names[kind], *values] for kind, values in zip(iris.target, iris.data, strict=True)]
    random.Random(0).shuffle(rows)
    return rows


def write(path: Path, rows: list[list[object]]) -> None:
    """Write a CSV file; its folder is made if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main(path: Path | None) -> None:
    """Write one file, or the two that are part of this repository."""
    rows = flowers()
    if path is not None:
        write(path, rows)
    else:
        data = Path(__file__).with_name("data")
        write(data / "training/iris.csv", rows[:TRAINING_ROWS])
        write(data / "evaluation/iris.csv", rows[TRAINING_ROWS:])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
