"""Rows and what serving code answers to them become predictions that statistics read, or a sentence says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from agent.config.predictions import Predictions
from agent.errors import UsageError, UserCodeFailedError
from agent.evaluation import answered
from agent.evaluation.answered import write_predictions
from agent.statistics.sample import Settings, load
from agent.statistics.schema import Task

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [b"1,0.5,m\n", b"0,0.25,f\n", b'"1",7,"m"\r\n']
BINARY = Predictions(task="binary", slices=("sex",), columns={"sex": "column2"})


def predictions(
    folder: Path, rows: list[Any], answers: list[str], settings: Predictions | None = None
) -> dict[str, list[Any]]:
    path = folder / "predictions.parquet"
    assert write_predictions(rows, answers, settings or Predictions(task="binary"), path) == len(rows)
    found: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    return found


def test_two_classes(tmp_path: Path) -> None:
    found = predictions(tmp_path, ROWS, ["0.9", " 0.125\n", "1"], BINARY)
    assert found == {"row_id": [0, 1, 2], "label": [1, 0, 1], "score": [0.9, 0.125, 1.0], "slice_sex": ["m", "f", "m"]}


def test_statistics_read_them(tmp_path: Path) -> None:
    predictions(tmp_path, ROWS, ["0.9", "0.1", "0.8"], BINARY)
    sample = load([tmp_path / "predictions.parquet"], Task.BINARY, Settings(), slices=["sex"])
    assert sample.estimates()["auc"].value == 1
    assert sample.slices["sex"].names == ("f", "m")


def test_statistics_read_classes(tmp_path: Path) -> None:
    predictions(tmp_path, ["2,1", "1,1", "2,4"], ["2.0", "1", "3"], Predictions(task="multiclass"))
    sample = load([tmp_path / "predictions.parquet"], Task.MULTICLASS, Settings())
    assert sample.classes == ("1", "2", "3")
    assert sample.estimates()["accuracy"].value == pytest.approx(2 / 3)


def test_truths_are_labels_of_two_classes(tmp_path: Path) -> None:
    assert predictions(tmp_path, ["true,1", "False,1", "0.0,1"], ["1", "0", "0"])["label"] == [1, 0, 0]


def test_answers_may_be_quoted_as_labels_are(tmp_path: Path) -> None:
    classes = Predictions(task="multiclass")
    found = predictions(tmp_path, [b'"a, b",1\n', b'"c",2\n'], [' "a, b"\n', '"c" \n'], classes)
    assert (found["label"], found["prediction"]) == (["a, b", "c"], ["a, b", "c"])
    assert predictions(tmp_path, ["1,2"], ['"0.25"'])["score"] == [0.25]


def test_a_mark_of_the_byte_order_is_of_no_label(tmp_path: Path) -> None:
    found = predictions(tmp_path, [b"\xef\xbb\xbfa,1\n", b"a,2\n"], ["a", "a"], Predictions(task="multiclass"))
    assert found["label"] == ["a", "a"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (['1,"open\n', *["0,1\n"] * 3], "row 0 .* is not closed on its line"),
        (["0,1\n", '1,"' + "x" * 200_000], "row 1 .* field larger than field limit"),
        ([b"1,2\r3,4\n"], "row 0 .* new-line character"),
    ],
    ids=["an open quotation mark", "an endless field", "a return inside of a row"],
)
def test_rows_that_are_no_csv_are_told(tmp_path: Path, rows: list[Any], why: str) -> None:
    with pytest.raises(UserCodeFailedError, match=why):
        write_predictions(rows, ["0.5"] * len(rows), Predictions(task="binary"), tmp_path / "predictions.parquet")


def test_a_number(tmp_path: Path) -> None:
    found = predictions(tmp_path, ["1.5,2", "-2,3"], ["1e3", "-2.25"], Predictions(task="regression"))
    assert found == {"row_id": [0, 1], "label": [1.5, -2.0], "prediction": [1000.0, -2.25]}


def test_a_class_is_known_as_a_whole_number_or_by_its_name(tmp_path: Path) -> None:
    found = predictions(tmp_path, ["2,1", "cat,1"], ["2.0", "'dog'"], Predictions(task="multiclass"))
    assert found == {"row_id": [0, 1], "label": ["2", "cat"], "prediction": ["2", "'dog'"]}


def test_a_probability_of_each_class(tmp_path: Path) -> None:
    found = predictions(tmp_path, ["1,7", "0,8"], ["0.25,0.75", "1.0, 0.0"], Predictions(task="multiclass"))
    assert found == {"row_id": [0, 1], "label": ["1", "0"], "score_0": [0.25, 1.0], "score_1": [0.75, 0.0]}


def test_a_row_without_a_value_is_in_a_slice_of_its_own(tmp_path: Path) -> None:
    found = predictions(tmp_path, ["1,2,", "0,2,3.0"], ["1", "0"], BINARY)
    assert found["slice_sex"] == ["(missing)", "3"]


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    assert predictions(tmp_path, ["1,2\n", "0,2\n"], ["1", "0"]) == predictions(tmp_path, ["1,2", "0,2"], ["1", "0"])
    assert write_predictions(["1,2\n", "\n", "0,2\n"], ["1", "0"], Predictions(task="binary"), tmp_path / "x") == 2


def test_more_rows_than_are_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered, "_BATCH", 7)
    found = predictions(tmp_path, [f"{n % 2},{n}" for n in range(50)], [f"{n / 50}" for n in range(50)])
    assert found["row_id"] == list(range(50))
    assert found["score"] == [n / 50 for n in range(50)]


def test_batches_become_one_file(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    rows = (b"%d,%d,m" % (n % 2, n) for n in range(120_000))
    assert write_predictions(rows, ("0.5" for _ in range(120_000)), BINARY, path) == 120_000
    assert pq.read_metadata(path).num_rows == 120_000


@pytest.mark.parametrize(
    ("rows", "answers", "settings", "told"),
    [
        (["1,2", "0,2", "1,1"], ["1"], BINARY.model_copy(update={"slices": ()}), "3 rows were answered with 1 predic"),
        (["1,2"], ["1", "0", "1"], Predictions(task="binary"), "1 rows were answered with 3 predictions: the serving"),
        (["1,2"], [], Predictions(task="multiclass"), "1 rows were answered with 0 predictions"),
        (["1,2", "1,2"], ["1", "yes"], Predictions(task="binary"), "the answer to row 1 is 'yes', expected the proba"),
        (["1,2"], ["0.2,0.8"], Predictions(task="binary"), "expected the probability of class 1, a number from 0 to 1"),
        (["1,2"], ["1.5"], Predictions(task="binary"), "the answer to row 0 is '1.5', expected the probability"),
        (["1,2"], ["nan"], Predictions(task="regression"), "the answer to row 0 is 'nan', expected a number"),
        (["1,2"], [""], Predictions(task="multiclass"), "the answer to row 0 is '', expected a class"),
        (["1,2", "0,1"], ["0,1", "1"], Predictions(task="multiclass"), "row 1 is '1', expected 2 probabilities"),
        (["2,2"], ["1"], Predictions(task="binary"), "the label of row 0 is '2', expected 0 or 1"),
        (["sick,2"], ["1"], Predictions(task="binary"), "the label of row 0 is 'sick', expected 0 or 1"),
        (["?,2"], ["1"], Predictions(task="regression"), "the label of row 0 is '?', expected a number"),
        (["1,2"], ["1"], BINARY, "row 0 has 2 columns, so that there is no column2 for slice_sex; mend"),
        (["1,2"], ["x" * 1000], Predictions(task="binary"), "'" + "x" * 79 + "…', expected"),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path, rows: list[str], answers: list[str], settings: Predictions, told: str
) -> None:
    with pytest.raises(UserCodeFailedError) as raised:
        write_predictions(rows, answers, settings, tmp_path / "predictions.parquet")
    assert told in str(raised.value)


def test_a_ranking_is_of_queries_and_not_of_rows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tell no queries"):
        write_predictions(["1,2"], ["1"], Predictions(task="ranking"), tmp_path / "predictions.parquet")
