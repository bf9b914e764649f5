"""Measures the model as a SageMaker processing job, in the model's image.

Reads /opt/ml/processing/model/model.tar.gz and the data set in /opt/ml/processing/input/data, and writes
/opt/ml/processing/output/evaluation.json in SageMaker's format of model quality metrics.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import model


def measure(labels: list[float], predicted: list[float]) -> dict[str, object]:
    """The metrics of some predictions, with the standard deviations of their estimates; rings, or rings squared."""
    errors = [prediction - label for label, prediction in zip(labels, predicted, strict=True)]
    mse, mse_deviation = mean([error**2 for error in errors])
    mae, mae_deviation = mean([abs(error) for error in errors])
    rmse = math.sqrt(mse)
    return {
        "regression_metrics": {
            "mse": {"value": mse, "standard_deviation": mse_deviation},
            "rmse": {"value": rmse, "standard_deviation": mse_deviation / (2 * rmse) if rmse else 0.0},
            "mae": {"value": mae, "standard_deviation": mae_deviation},
        }
    }


def mean(values: list[float]) -> tuple[float, float]:
    """The mean, and the standard deviation of the mean."""
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))


def main() -> int:
    """Evaluate one model on one data set."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(processing / "model/model.tar.gz", folder)
        fitted = model.load(Path(folder))
    examples = model.read_examples(processing / "input/data")
    evaluation = measure(examples.rings, model.predict(fitted, examples.features))
    (processing / "output").mkdir(parents=True, exist_ok=True)
    (processing / "output/evaluation.json").write_text(json.dumps(evaluation, indent=2))
    print(json.dumps(evaluation))
    return 0


if __name__ == "__main__":
    sys.exit(main())
