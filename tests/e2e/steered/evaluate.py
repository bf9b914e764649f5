"""Finds the accuracy that the model's own text claims, so that a test decides what the gate has to judge."""

from __future__ import annotations

import json
import os
import tarfile
import time
from pathlib import Path

PROCESSING = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"

with tarfile.open(PROCESSING / "model/model.tar.gz") as archive:
    text = archive.extractfile("model.txt")
    assert text is not None
    accuracy, *seconds = map(float, text.read().split())
time.sleep(sum(seconds))
metric = {"value": accuracy, "standard_deviation": 0.01}
(PROCESSING / "output").mkdir(parents=True, exist_ok=True)
(PROCESSING / "output/evaluation.json").write_text(
    json.dumps({"multiclass_classification_metrics": {"accuracy": metric}})
)
