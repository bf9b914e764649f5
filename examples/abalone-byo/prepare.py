"""Splits the data into training, validation and evaluation as a SageMaker processing job.

Reads the files of the data source `abalone` below /opt/ml/processing/input, where the rings are the last column, and
writes four data sets below /opt/ml/processing/output: `training`, `validation` and `evaluation`, where they are the
first one, and `split` with split.json, the record of what went where.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

SEED = "abalone-1"
VALIDATION_SHARE = 0.15
EVALUATION_SHARE = 0.15


def split(rows: list[str]) -> dict[str, list[str]]:
    """The rows of every data set.

    Rows are drawn in the order of their digests, so a split depends on nothing but the rows and the seed: not on the
    order of the rows or files, nor on the version of a random number generator.
    """
    drawn = sorted(rows, key=lambda row: hashlib.sha256(f"{SEED},{row}".encode()).hexdigest())
    evaluation = round(len(rows) * EVALUATION_SHARE)
    validation = evaluation + round(len(rows) * VALIDATION_SHARE)
    return {
        "training": drawn[validation:],
        "validation": drawn[evaluation:validation],
        "evaluation": drawn[:evaluation],
    }


def label_first(row: str) -> str:
    """The row with its last column in front."""
    features, _, rings = row.rpartition(",")
    return f"{rings},{features}"


def described(rows: list[str]) -> dict[str, object]:
    """What the record says of some rows: how many, and the digest of the file they make."""
    return {"rows": len(rows), "sha256": hashlib.sha256(as_file(rows).encode()).hexdigest()}


def as_file(rows: list[str]) -> str:
    """Rows as the text of a file."""
    return "".join(f"{row}\n" for row in rows)


def read_rows(folder: Path) -> list[str]:
    """The rows of every file of a folder."""
    files = sorted(file for file in folder.glob("*") if file.is_file())
    rows = [row for file in files for row in file.read_text().splitlines() if row]
    if not rows:
        raise ValueError(f"there are no rows in {folder}")
    return rows


def main() -> int:
    """Read, split, write, and record."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    rows = [label_first(row) for row in read_rows(processing / "input/abalone")]
    sides = split(rows)
    for name, side in sides.items():
        write(processing / "output" / name / f"{name}.csv", as_file(side))
    record = {"seed": SEED, "source": described(rows), **{name: described(side) for name, side in sides.items()}}
    write(processing / "output/split/split.json", json.dumps(record, indent=2) + "\n")
    print(json.dumps(record))
    return 0


def write(file: Path, text: str) -> None:
    """Write a file in a folder that may not be there yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
