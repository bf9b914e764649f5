"""Turns what `predict` answered into the body of a response."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    Encoder = Callable[["Array"], bytes]

Array = np.ndarray[Any, np.dtype[Any]]
_NUMBERS = "fiub"


class PredictionsError(TypeError):
    """`predict` answered something that is not one prediction for each row."""


def as_array(predictions: Any, rows: int) -> Array:
    """Predictions as an array of ``rows`` entries: of one dimension, or of two for several values each."""
    convert = getattr(predictions, "to_numpy", None)
    array = np.asarray(convert() if convert else predictions)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or len(array) != rows:
        raise PredictionsError(f"`predict` answered an array of shape {array.shape} for {rows} rows")
    return array


def to_csv(predictions: Array) -> bytes:
    """A line for each row, without a header."""
    if predictions.dtype.kind not in _NUMBERS:
        text = io.StringIO()
        rows = predictions.tolist()
        csv.writer(text, lineterminator="\n").writerows(rows if predictions.ndim == 2 else ([one] for one in rows))
        return text.getvalue().encode()
    if predictions.dtype.kind == "f" and not np.isfinite(predictions).all():
        return _lines([_repr(row) for row in predictions.tolist()])
    flat = _json(predictions)[1:-1]
    if predictions.ndim == 1:
        return flat.replace(b",", b"\n") + b"\n"
    return flat[1:-1].replace(b"],[", b"\n") + b"\n"


def to_json(predictions: Array) -> bytes:
    """`{"predictions": [...]}`; what JSON has no number for is null."""
    return b'{"predictions":' + _json(predictions) + b"}\n"


def to_json_lines(predictions: Array) -> bytes:
    """A JSON document for each row."""
    if predictions.ndim == 1 and predictions.dtype.kind in _NUMBERS:
        return _json(predictions)[1:-1].replace(b",", b"\n") + b"\n"
    return _lines([orjson.dumps(row, default=str) for row in predictions.tolist()])


def to_npy(predictions: Array) -> bytes:
    """An array that `numpy.load` reads; text instead of Python's objects, which it would not."""
    file = io.BytesIO()
    np.save(file, predictions.astype(str) if predictions.dtype.kind == "O" else predictions, allow_pickle=False)
    return file.getvalue()


def to_parquet(predictions: Array) -> bytes:
    """A column `prediction`, or `prediction_1`, `prediction_2` and so on."""
    columns = (
        {"prediction": predictions.tolist()}
        if predictions.ndim == 1
        else {f"prediction_{number}": column.tolist() for number, column in enumerate(predictions.T, 1)}
    )
    file = io.BytesIO()
    try:
        import polars as pl
    except ImportError:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(columns), file)
        return file.getvalue()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def _json(predictions: Array) -> bytes:
    if predictions.dtype.kind not in _NUMBERS:
        return orjson.dumps(predictions.tolist(), default=str)
    kind = predictions.dtype.newbyteorder("=")
    if kind.kind == "f" and kind not in (np.float32, np.float64):
        kind = np.dtype(np.float64)
    return orjson.dumps(np.ascontiguousarray(predictions, dtype=kind), option=orjson.OPT_SERIALIZE_NUMPY)


def _repr(row: Any) -> bytes:
    return ",".join(map(repr, row)).encode() if isinstance(row, list) else repr(row).encode()


def _lines(parts: list[bytes]) -> bytes:
    return b"\n".join(parts) + b"\n"
