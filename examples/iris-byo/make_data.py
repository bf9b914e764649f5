"""Writes Fisher's iris data, which comes with scikit-learn, as headerless CSV with the label first.

usage: python make_data.py [FILE]   (default: iris.csv beside this script)
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

from sklearn.datasets import load_iris


def main(path: Path) -> None:
    """Write 150 rows in a fixed random order, so that any part of the file holds all three species."""
    iris = load_iris()
    rows = [[iris.target_names[kind], *values] for kind, values in zip(iris.target, iris.data, strict=True)]
    random.Random(0).shuffle(rows)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("iris.csv"))
