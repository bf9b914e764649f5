"""Lets the model judge tumours that it has not seen, as a SageMaker processing job in the model's image.

Reads /opt/ml/processing/model/model.tar.gz and the data set in /opt/ml/processing/input/data, and writes
/opt/ml/processing/output/predictions.parquet: a row for each tumour, of which modelyard computes every metric.
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


def predictions(examples: model.Examples, probabilities: list[float]) -> dict[str, np.ndarray]:
    """What the model says of each tumour, and what it is.

    A tumour is known by its place in the data set, which is the same for every model.
    """
    return {
        "row_id": np.arange(len(examples.labels)),
        "label": np.array(examples.labels),
        "score": np.array(probabilities),
    }


def main() -> int:
    """Judge every tumour of one data set by one model."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(processing / "model/model.tar.gz", folder)
        fitted = model.load(Path(folder))
    examples = model.read_examples(processing / "input/data")
    tumours = predictions(examples, model.probabilities(fitted, examples.features))
    (processing / "output").mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as database:
        database.register("tumours", tumours)
        database.table("tumours").write_parquet(str(processing / "output/predictions.parquet"))
    print(f"{len(examples.labels)} tumours are judged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
