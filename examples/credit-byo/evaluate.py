"""Lets the model judge clients that it has not seen, as a SageMaker processing job in the model's image.

Reads /opt/ml/processing/model/model.tar.gz and the data set in /opt/ml/processing/input/data, and writes
/opt/ml/processing/output/predictions.parquet: a row for each client, of which modelyard computes every metric.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb
import model
import numpy as np

SEX, EDUCATION = 1, 2
"""Where the features have them."""
SEXES = {1: "men", 2: "women"}
EDUCATIONS = {1: "graduate school", 2: "university", 3: "high school"}


def predictions(examples: model.Examples, probabilities: list[float]) -> dict[str, np.ndarray]:
    """What the model says of each client, who the client is, and what became of it.

    A client is known by its place in the data set, which is the same for every model.
    """
    return {
        "row_id": np.arange(len(examples.labels)),
        "label": np.array(examples.labels),
        "score": np.array(probabilities),
        "slice_sex": named(examples, SEX, SEXES),
        "slice_education": named(examples, EDUCATION, EDUCATIONS),
    }


def named(examples: model.Examples, feature: int, names: dict[int, str]) -> np.ndarray:
    """A feature of every client by its names; what has none is `other`."""
    return np.array([names.get(int(row[feature]), "other") for row in examples.features])


def main() -> int:
    """Judge every client of one data set by one model."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(processing / "model/model.tar.gz", folder)
        fitted = model.load(Path(folder))
    examples = model.read_examples(processing / "input/data")
    clients = predictions(examples, model.probabilities(fitted, examples.features))
    (processing / "output").mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as database:
        database.register("clients", clients)
        database.table("clients").write_parquet(str(processing / "output/predictions.parquet"))
    print(f"{len(examples.labels)} clients are judged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
