"""Splits the data into training and evaluation as a SageMaker processing job.

Reads the CSV files of the data source `tumours` below /opt/ml/processing/input, and writes three data sets below
/opt/ml/processing/output: `training`, `evaluation`, and `split` with split.json, the record of what went where.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SEED = "tumour-1"
EVALUATION_SHARE = 0.3


@dataclass(frozen=True)
class Split:
    """Rows of CSV, the label first, on the two sides of a split."""

    training: list[str]
    evaluation: list[str]


def split(rows: list[str], *, share: float, seed: str) -> Split:
    """Give the evaluation ``share`` of the rows of every label.

    Rows are drawn in the order of their digests, so a split depends on nothing but the rows and the seed: not on the
    order of the rows or files, nor on the version of a random number generator. When rows are added, hardly any
    other row changes sides.
    """
    drawn = sorted(rows, key=lambda row: hashlib.sha256(f"{seed},{row}".encode()).hexdigest())
    wanted = {label: round(count * share) for label, count in Counter(map(label_of, rows)).items()}
    taken: Counter[str] = Counter()
    sides = Split([], [])
    for row in drawn:
        side = sides.evaluation if taken[label_of(row)] < wanted[label_of(row)] else sides.training
        side.append(row)
        taken[label_of(row)] += 1
    return sides


def label_of(row: str) -> str:
    """The label of a row of CSV."""
    return row.partition(",")[0]


def described(rows: list[str]) -> dict[str, object]:
    """What the record says of some rows: how many, how many of each label, and the digest of the file they make."""
    labels = dict(sorted(Counter(map(label_of, rows)).items()))
    return {"rows": len(rows), "labels": labels, "sha256": hashlib.sha256(as_file(rows).encode()).hexdigest()}


def as_file(rows: list[str]) -> str:
    """Rows as the text of a file."""
    return "".join(f"{row}\n" for row in rows)


def read_rows(folder: Path) -> list[str]:
    """The rows of every CSV file of a folder."""
    rows = [row for file in sorted(folder.glob("*.csv")) for row in file.read_text().splitlines() if row]
    if not rows:
        raise ValueError(f"there are no rows of CSV in {folder}")
    return rows


def main() -> int:
    """Read, split, write, and record."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    rows = read_rows(processing / "input/tumours")
    sides = split(rows, share=EVALUATION_SHARE, seed=SEED)
    record = {
        "seed": SEED,
        "evaluation_share": EVALUATION_SHARE,
        "source": described(rows),
        "training": described(sides.training),
        "evaluation": described(sides.evaluation),
    }
    for name, file, text in (
        ("training", "training.csv", as_file(sides.training)),
        ("evaluation", "evaluation.csv", as_file(sides.evaluation)),
        ("split", "split.json", json.dumps(record, indent=2) + "\n"),
    ):
        (processing / "output" / name).mkdir(parents=True, exist_ok=True)
        (processing / "output" / name / file).write_text(text)
    print(json.dumps(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
