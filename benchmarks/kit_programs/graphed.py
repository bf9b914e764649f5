"""A model served by the kit as an ONNX graph, which `byo.graph` made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byo import graph

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from byo.graph import Predictor


def load(model_dir: Path) -> Predictor:
    return graph.load(model_dir)


def predict(model: Predictor, rows: np.ndarray[Any, Any]) -> Any:
    return model(rows)[:, 1]
