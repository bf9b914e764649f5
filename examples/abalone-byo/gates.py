"""A gate of this repository's own: what the model must not do, and no metric says.

Runs as a SageMaker processing job in the model's image, on what evaluate.py wrote.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OLD = 15
"""Rings of an old animal."""
MOST = 4.0
"""Rings that an old animal may look too young by, on average."""
ASKED = "SELECT count(*), avg(label - prediction), stddev(label - prediction) FROM read_parquet(?) WHERE label >= ?"


def old_look_old(_evaluation: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Refuse a model that is good on average, and takes old animals for young ones."""
    predictions = str(folder / "predictions.parquet")
    with duckdb.connect() as database:
        animals, missing, deviation = database.execute(ASKED, [predictions, OLD]).fetchone()
    error = 1.96 * deviation / math.sqrt(animals)
    return {
        "metric": "rings missing of old animals",
        "value": missing,
        "limit": MOST,
        "comparison": "at most",
        "interval": {"low": missing - error, "high": missing + error, "level": 0.95},
        "sample_size": animals,
        "passed": missing <= MOST,
        "reason": f"animals of {OLD} rings and more look {missing:.1f} rings too young, {MOST:g} are allowed",
    }
