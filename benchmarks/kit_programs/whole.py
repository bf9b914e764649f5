"""A model served by the kit as it is: what most authors write first."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


def load(model_dir: Path) -> Any:
    with (model_dir / "model.pickle").open("rb") as file:
        return pickle.load(file)


def predict(model: Any, rows: np.ndarray[Any, Any]) -> Any:
    return model.predict_proba(rows)[:, 1]
