"""Predictions of every kind become every format, one for each row."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import orjson
import pandas as pd
import polars as pl
import pytest
from byo.encoding import (
    PredictionsError,
    as_array,
    to_csv,
    to_json,
    to_json_lines,
    to_npy,
    to_parquet,
)
from hypothesis import given
from hypothesis import strategies as some

ONE = np.array([0.5, 2.0])
SEVERAL = np.array([[0.25, 0.75], [1.0, 0.0]])
LABELS = np.array(["a,b", "c"])


@pytest.mark.parametrize(
    ("predictions", "body"),
    [
        (ONE, b"0.5\n2.0\n"),
        (SEVERAL, b"0.25,0.75\n1.0,0.0\n"),
        (np.array([1, 2]), b"1\n2\n"),
        (np.array([0.1], "f4"), b"0.1\n"),
        (np.array([0.1], "f2"), b"0.0999755859375\n"),
        (np.array([0.5], ">f8"), b"0.5\n"),
        (np.array([0.5, np.nan, np.inf]), b"0.5\nnan\ninf\n"),
        (np.array([[np.nan, 1.0]]), b"nan,1.0\n"),
        (LABELS, b'"a,b"\nc\n'),
        (np.array([["a", "b"]], dtype=object), b"a,b\n"),
    ],
)
def test_csv(predictions: Any, body: bytes) -> None:
    assert to_csv(predictions) == body


@given(some.lists(some.floats(allow_nan=False), min_size=1))
def test_csv_holds_every_digit(values: list[float]) -> None:
    assert [float(line) for line in to_csv(np.array(values)).splitlines()] == values


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [(ONE, [0.5, 2.0]), (SEVERAL, [[0.25, 0.75], [1, 0]]), (LABELS, ["a,b", "c"]), (np.array([np.nan]), [None])],
)
def test_json(predictions: Any, expected: Any) -> None:
    assert orjson.loads(to_json(predictions)) == {"predictions": expected}
    assert [orjson.loads(line) for line in to_json_lines(predictions).splitlines()] == expected


@pytest.mark.parametrize("predictions", [ONE, SEVERAL, LABELS, LABELS.astype(object)])
def test_numpy_reads_it_without_pickle(predictions: Any) -> None:
    assert np.load(io.BytesIO(to_npy(predictions)), allow_pickle=False).tolist() == predictions.tolist()


def test_parquet() -> None:
    assert pl.read_parquet(to_parquet(LABELS)).to_dict(as_series=False) == {"prediction": ["a,b", "c"]}
    assert pl.read_parquet(to_parquet(SEVERAL)).columns == ["prediction_1", "prediction_2"]


@pytest.mark.parametrize(
    "predictions",
    [[0.5, 2.0], pd.Series([0.5, 2.0]), pl.Series([0.5, 2.0]), pd.DataFrame({"a": [0.5, 2.0]}), (0.5, 2.0)],
)
def test_predictions_of_any_library(predictions: Any) -> None:
    assert as_array(predictions, 2).tolist() == [0.5, 2.0]


@pytest.mark.parametrize("predictions", [[0.5], 0.5, np.zeros((1, 2, 1)), None])
def test_it_must_be_one_for_each_row(predictions: Any) -> None:
    with pytest.raises(PredictionsError, match="for 2 rows"):
        as_array(predictions, 2)
