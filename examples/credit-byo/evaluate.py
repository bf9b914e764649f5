"""Measures the model as a SageMaker processing job, in the model's image.

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
from sklearn.metrics import confusion_matrix, roc_auc_score


def measure(labels: list[int], probabilities: list[float]) -> dict[str, object]:
    """The metrics of some predictions; standard deviations are those of proportions, and of the area as below."""
    predicted = [int(probability >= model.THRESHOLD) for probability in probabilities]
    (true_paid, false_default), (false_paid, true_default) = confusion_matrix(labels, predicted, labels=[0, 1]).tolist()
    defaults, paid = false_paid + true_default, true_paid + false_default
    auc = float(roc_auc_score(labels, probabilities))
    return {
        "binary_classification_metrics": {
            "confusion_matrix": {
                "0": {"0": true_paid, "1": false_default},
                "1": {"0": false_paid, "1": true_default},
            },
            "accuracy": proportion(true_paid + true_default, defaults + paid),
            "auc": {"value": auc, "standard_deviation": auc_deviation(auc, defaults, paid)},
            "recall": proportion(true_default, defaults),
            "precision": proportion(true_default, true_default + false_default),
        }
    }


def proportion(part: int, whole: int) -> dict[str, float]:
    """A share with the standard deviation of a proportion; of nothing, the share is 0."""
    value = part / whole if whole else 0.0
    return {"value": value, "standard_deviation": math.sqrt(value * (1 - value) / whole) if whole else 0.0}


def auc_deviation(auc: float, positives: int, negatives: int) -> float:
    """The standard deviation of an area under the ROC curve (Hanley and McNeil, Radiology 143, 1982)."""
    both_positive, both_negative = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (positives - 1) * (both_positive - auc**2) + (negatives - 1) * (both_negative - auc**2)
    return math.sqrt(variance / (positives * negatives))


def main() -> int:
    """Evaluate one model on one data set."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(processing / "model/model.tar.gz", folder)
        fitted = model.load(Path(folder))
    examples = model.read_examples(processing / "input/data")
    evaluation = measure(examples.labels, model.probabilities(fitted, examples.features))
    (processing / "output").mkdir(parents=True, exist_ok=True)
    (processing / "output/evaluation.json").write_text(json.dumps(evaluation, indent=2))
    print(json.dumps(evaluation))
    return 0


if __name__ == "__main__":
    sys.exit(main())
