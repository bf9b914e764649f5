"""Serves a scikit-learn or XGBoost model as an ONNX graph: one row in microseconds, and neither library in memory.

`save` converts the model where it is trained, and keeps the graph only if it predicts the same for rows that it is
shown; the model itself is kept beside it. `load` takes the graph where it can and the model where it cannot. Why ONNX
Runtime: docs/decisions/0017.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, np.dtype[Any]]

Method = Literal["predict", "predict_proba"]
TOLERANCE = 1e-5
"""So far a graph's predictions may be from the model's, absolutely and relatively: it computes in single precision."""
_GRAPH, _MODEL, _FACTS = "model.onnx", "model.pickle", "graph.json"
_HOLES = 0.1
"""So great a part of the sample's cells is left out to see what the model makes of missing values."""


class DifferentError(Exception):
    """A graph does not predict what its model predicts."""


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
    (folder / _GRAPH).unlink(missing_ok=True)
    rows, takes_missing = np.asarray(sample), False
    try:
        graph, takes_missing = _graph_of(model, rows, method)
        (folder / _GRAPH).write_bytes(graph)
        said = f"as an ONNX graph; it predicts the same for {len(rows)} rows within {TOLERANCE:g}"
    except DifferentError as error:
        said = f"as it is: {error}"
    except Exception as error:  # noqa: BLE001 - converters refuse in many ways, and training must not fail for it
        said = f"as it is: it has no ONNX graph ({type(error).__name__}: {error})"
    (folder / _FACTS).write_text(json.dumps({"method": method, "takes_missing": takes_missing}))
    return f"the model is served {said}"


def prepare(folder: Path) -> None:
    """Import what `load` will need, so that processes that are forked from this one share its memory."""
    if (folder / _GRAPH).exists() and find_spec("onnxruntime"):
        importlib.import_module("onnxruntime")


def load(folder: Path) -> Predictor:
    """What predicts: the graph, or without one, or without ONNX Runtime, the model itself.

    Rows with missing values, of which graphs often make something else, go to the model where that is so.

    Only for artifacts of your own: unpickling executes what it reads.
    """
    facts = json.loads((folder / _FACTS).read_text())
    method: Method = facts["method"]

    @cache
    def model() -> Predictor:
        with (folder / _MODEL).open("rb") as file:
            return _method(pickle.load(file), method)  # noqa: S301 - written by `save`

    if not (folder / _GRAPH).exists() or not find_spec("onnxruntime"):
        return model()
    graph = _session((folder / _GRAPH).read_bytes(), method)
    if facts["takes_missing"]:
        return graph
    return lambda rows: model()(rows) if np.isnan(rows).any() else graph(rows)


def _graph_of(model: Any, rows: Array, method: Method) -> tuple[bytes, bool]:
    """The graph, and whether it also knows what to do with missing values; raises :class:`DifferentError`."""
    graph = _converted(model, rows.shape[1])
    found, expected = _session(graph, method), _method(model, method)
    difference = _difference(found(rows), expected(rows))
    if difference > TOLERANCE:
        raise DifferentError(f"its ONNX graph predicts differently, by {difference:.2g}")
    return graph, _takes_missing(found, expected, rows)


def _takes_missing(graph: Predictor, model: Predictor, rows: Array) -> bool:
    """Whether the graph makes of missing values what the model makes of them; a model may refuse them."""
    if rows.dtype.kind != "f":
        return False
    some = _with_holes(rows)
    try:
        return _difference(graph(some), model(some)) <= TOLERANCE
    except ValueError:
        return False


def _with_holes(rows: Array) -> Array:
    """The rows with NaN in some cells, always the same."""
    holes = np.random.default_rng(0).random(rows.shape) < _HOLES
    return np.where(holes, np.nan, rows)


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
    is_label = method == "predict"
    wanted = [outputs[0] if is_label else outputs[-1]]
    run = session.run

    def predict(rows: Array, /) -> Array:
        answer: Array = run(wanted, {source: np.asarray(rows, dtype=np.float32)})[0]
        return answer[:, 0] if is_label and answer.ndim == 2 else answer

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
