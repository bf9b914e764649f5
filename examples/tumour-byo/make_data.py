"""Writes data/tumours.csv and data/columns.txt from the data set that comes with scikit-learn.

The files are part of this repository; run this only to see where they come from.

usage: python make_data.py [FOLDER]   (default: data beside this script)
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer


def main(folder: Path) -> None:
    """Write 569 rows, the label first: 1 for a malignant tumour, where scikit-learn says 0, and 0 for a benign one."""
    data = load_breast_cancer()
    with (folder / "tumours.csv").open("w", newline="") as file:
        rows = ([1 - label, *features] for label, features in zip(data.target, data.data.tolist(), strict=True))
        csv.writer(file, lineterminator="\n").writerows(rows)
    (folder / "columns.txt").write_text("".join(f"{name}\n" for name in ("malignant", *data.feature_names)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("data"))
