"""Lets the model tell the age of animals that it has not seen, as a SageMaker processing job in the model's image.

Reads /opt/ml/processing/model/model.tar.gz and the data set in /opt/ml/processing/input/data, and writes
/opt/ml/processing/output/predictions.parquet: a row for each animal, of which modelyard computes every metric.
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

SEXES = {"M": "male", "F": "female", "I": "infant"}


def predictions(examples: model.Examples, rings: list[float]) -> dict[str, np.ndarray]:
    """What the model says of each animal, what it is, and how many rings it has.

    An animal is known by its place in the data set, which is the same for every model.
    """
    return {
        "row_id": np.arange(len(examples.rings)),
        "label": np.array(examples.rings),
        "prediction": np.array(rings),
        "slice_sex": np.array([SEXES[model.sex_of(row)] for row in examples.features]),
    }


def main() -> int:
    """Ask one model about one data set."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(processing / "model/model.tar.gz", folder)
        fitted = model.load(Path(folder))
    examples = model.read_examples(processing / "input/data")
    animals = predictions(examples, model.predict(fitted, examples.features))
    (processing / "output").mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as database:
        database.register("animals", animals)
        database.table("animals").write_parquet(str(processing / "output/predictions.parquet"))
    print(f"the rings of {len(examples.rings)} animals are predicted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
