"""Measures the model as a SageMaker processing job.

Reads /opt/ml/processing/model/model.tar.gz and the data set in /opt/ml/processing/input/data, and writes
/opt/ml/processing/output/evaluation.json in SageMaker's format of model quality metrics.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path

import model


def measure(accuracy: float, count: int) -> dict[str, dict[str, dict[str, float]]]:
    """The metrics of ``count`` examples; the standard deviation is that of a proportion."""
    deviation = math.sqrt(accuracy * (1 - accuracy) / count)
    return {"multiclass_classification_metrics": {"accuracy": {"value": accuracy, "standard_deviation": deviation}}}


def main() -> int:
    """Evaluate one model on one data set."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(processing / "model/model.tar.gz", folder)
        tree = model.load(Path(folder))
    examples = model.read_examples(processing / "input/data")
    evaluation = measure(model.accuracy(tree, examples), len(examples.labels))
    (processing / "output").mkdir(parents=True, exist_ok=True)
    (processing / "output/evaluation.json").write_text(json.dumps(evaluation, indent=2))
    print(json.dumps(evaluation))
    return 0


if __name__ == "__main__":
    sys.exit(main())
