"""A model that takes old animals for young ones is refused, whatever it makes of the others."""

from pathlib import Path

import duckdb
import gates
import numpy as np
import pytest


def written(folder: Path, *, old: float) -> Path:
    """Predictions of nine animals of 10 rings, and of two old ones that look ``old`` and one ring older."""
    rows = {"label": np.array([10.0] * 9 + [20.0] * 2), "prediction": np.array([10.0] * 9 + [old, old + 1])}
    with duckdb.connect() as database:
        database.register("rows", rows)
        database.table("rows").write_parquet(str(folder / "predictions.parquet"))
    return folder


@pytest.mark.parametrize(("old", "missing", "passed"), [(16.5, 3.0, True), (15.5, 4.0, True), (15.0, 4.5, False)])
def test_only_old_animals_decide(tmp_path: Path, old: float, missing: float, passed: bool) -> None:
    verdict = gates.old_look_old({}, written(tmp_path, old=old))
    assert (verdict["value"], verdict["sample_size"], verdict["passed"]) == (missing, 2, passed)
