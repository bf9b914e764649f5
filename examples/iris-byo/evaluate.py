"""Measures the tree as a SageMaker processing job, in the model's image.

Reads /opt/ml/processing/model/model.tar.gz and the data set in /opt/ml/processing/input/data, and writes
/opt/ml/processing/output/evaluation.json in SageMaker's format of model quality metrics.
"""

import csv
import json
import math
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import joblib

PROCESSING = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"


def measure(labels, predicted):
    """The confusion matrix, and the accuracy with the standard deviation of a proportion."""
    pairs = Counter(zip(labels, predicted, strict=True))
    species = sorted({*labels, *predicted})
    accuracy = sum(pairs[name, name] for name in species) / len(labels)
    deviation = math.sqrt(accuracy * (1 - accuracy) / len(labels))
    return {
        "multiclass_classification_metrics": {
            "confusion_matrix": {name: {other: pairs[name, other] for other in species} for name in species},
            "accuracy": {"value": accuracy, "standard_deviation": deviation},
        }
    }


def load_model():
    """The tree that `train` wrote, out of the artifact of its training job."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(PROCESSING / "model/model.tar.gz", folder)
        return joblib.load(Path(folder) / "model.joblib")


def read_rows(folder):
    """Every row of the CSV files of a folder, the label first."""
    rows = [row for file in sorted(folder.glob("*.csv")) for row in csv.reader(file.read_text().splitlines())]
    if not rows:
        raise ValueError(f"there are no rows of CSV in {folder}")
    return rows


def main():
    rows = read_rows(PROCESSING / "input/data")
    predicted = load_model().predict([[float(value) for value in row[1:]] for row in rows])
    evaluation = measure([row[0] for row in rows], [str(label) for label in predicted])
    (PROCESSING / "output").mkdir(parents=True, exist_ok=True)
    (PROCESSING / "output/evaluation.json").write_text(json.dumps(evaluation, indent=2))
    print(json.dumps(evaluation))


if __name__ == "__main__":
    main()
