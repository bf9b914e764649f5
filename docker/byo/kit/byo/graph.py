"""Serves a scikit-learn or XGBoost model as an ONNX graph: one row in microseconds, and neither library in memory.

`save` converts the model where it is trained, and keeps the graph only if it predicts the same for rows that it is
shown; the model itself is kept beside it. `load` takes the graph where it can and the model where it cannot. Why ONNX
Runtime: docs/decisions/0017.
"""

from __future__ import annotations

import importlib
import os
import pickle
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, np.dtype[Any]]

Method = Literal["predict", "predict_proba"]
TOLERANCE = 1e-5
"""So far a graph's predictions may be from the model's, absolutely and relatively: it computes in single precision."""
_GRAPH, _MODEL, _METHOD = "model.onnx", "model.pickle", "method.txt"


class Predictor(Protocol):
    """Predicts rows; an array with a row for each."""

    def __call__(self, rows: Array, /) -> Array:
        """What the model's method answers for ``rows``, of shape (rows, columns)."""


def save(model: Any, folder: Path, sample: Array, method: Method = "predict") -> str:
    """Write ``model`` and, if it can be, its graph; answer in one sentence which, for the log.

    ``sample`` are rows that the graph must predict as ``method`` of the model does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _MODEL).open("wb") as file:
        pickle.dump(model, file)
    (folder / _METHOD).write_text(method)
    (folder / _GRAPH).unlink(missing_ok=True)
    rows = np.asarray(sample)
    try:
        graph = _converted(model, rows.shape[1])
        found, expected = _session(graph, method)(rows), _method(model, method)(rows)
    except Exception as error:  # noqa: BLE001 - converters refuse in many ways, and training must not fail for it
        return f"the model is served as it is: it has no ONNX graph ({type(error).__name__}: {error})"
    difference = _difference(found, expected)
    if difference > TOLERANCE:
        return f"the model is served as it is: an ONNX graph would predict differently, by {difference:.2g}"
    (folder / _GRAPH).write_bytes(graph)
    return f"the model is served as an ONNX graph; it predicts the same for {len(rows)} rows within {TOLERANCE:g}"


def prepare(folder: Path) -> None:
    """Import what `load` will need, so that processes that are forked from this one share its memory."""
    if (folder / _GRAPH).exists() and find_spec("onnxruntime"):
        importlib.import_module("onnxruntime")


def load(folder: Path) -> Predictor:
    """What predicts: the graph, or without one, or without ONNX Runtime, the model itself.

    Only for artifacts of your own: unpickling executes what it reads.
    """
    method: Method = "predict_proba" if (folder / _METHOD).read_text() == "predict_proba" else "predict"
    if (folder / _GRAPH).exists() and find_spec("onnxruntime"):
        return _session((folder / _GRAPH).read_bytes(), method)
    with (folder / _MODEL).open("rb") as file:
        return _method(pickle.load(file), method)  # noqa: S301 - written by `save`


def _converted(model: Any, columns: int) -> bytes:
    """The model as an ONNX graph of single precision, without labels of classes where there are probabilities."""
    if type(model).__module__.startswith("xgboost"):
        from onnxmltools.convert import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType as Input

        graph = convert_xgboost(model, initial_types=[("rows", Input([None, columns]))])
    else:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType as Input

        options = {"zipmap": False} if hasattr(model, "predict_proba") else None
        options_of = {id(model): options} if options else None
        graph = convert_sklearn(model, initial_types=[("rows", Input([None, columns]))], options=options_of)
    return bytes(graph.SerializeToString())


def _session(graph: bytes, method: Method) -> Predictor:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    (source,) = (one.name for one in session.get_inputs())
    outputs = [one.name for one in session.get_outputs()]
    wanted = [outputs[-1] if method == "predict_proba" else outputs[0]]
    run = session.run

    def predict(rows: Array, /) -> Array:
        answer: Array = run(wanted, {source: np.asarray(rows, dtype=np.float32)})[0]
        return answer[:, 0] if method == "predict" and answer.ndim == 2 else answer

    return predict


def _method(model: Any, method: Method) -> Predictor:
    found: Predictor = getattr(model, method)
    return found


def _difference(found: Array, expected: Array) -> float:
    """The greatest difference, absolute or, of large values, relative; infinite for other shapes or other labels."""
    if found.shape != expected.shape or _sort(found) != _sort(expected):
        return float("inf")
    if _sort(found) not in ("f", "i", "u"):
        return 0.0 if bool((found == expected).all()) else float("inf")
    scale = np.maximum(1.0, np.abs(expected))
    return float((np.abs(found - expected) / scale).max(initial=0.0))


def _sort(predictions: Array) -> str:
    """The kind of an array's values: a client can tell 1 from 1.0 and from true, but not how text is kept."""
    kind = predictions.dtype.kind
    return "text" if kind in "OSU" else kind
