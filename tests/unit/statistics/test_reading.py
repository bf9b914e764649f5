"""Predictions are read a batch at a time, and what is wrong with them is told with file, column, row group and row."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agent.evaluation.evaluation_report import parse
from agent.statistics.alignment import order_of
from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.binary import binary_report
from agent.statistics.evaluation_document import evaluation_document
from agent.statistics.multiclass import multiclass_report
from agent.statistics.ranking import ranking_report
from agent.statistics.reading import Predictions, batches, open_predictions, read
from agent.statistics.regression import regression_estimates, regression_sums
from agent.statistics.schema import Task
from agent.statistics.tally import tally
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BINARY: dict[str, Any] = {
    "row_id": ["a", "b", "c", "d"], "label": [0, 1, 1, 0], "score": [0.1, 0.8, 0.4, 0.6],
    "slice_region": ["north", "south", "north", "east"], "weight": [1.0, 2.0, 1.0, 1.0], "note": [None] * 4,
}  # fmt: skip


def written(folder: Path, name: str = "predictions", rows: int = 2, **columns: Any) -> Path:
    """A file of those columns, in row groups of two rows."""
    file = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), file, row_group_size=rows)
    return file


def everything(file: Path, task: Task = Task.BINARY) -> object:
    opened = open_predictions([file], task)
    return read(opened, list(opened.schema.columns))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    opened = open_predictions([written(tmp_path, **BINARY)], Task.BINARY)
    assert (opened.rows, opened.schema.slices, opened.schema.weighted) == (4, ("region",), True)
    columns = read(opened, ["label", "score", "weight", "slice_region"])
    assert columns.numbers["label"].tolist() == [False, True, True, False]
    assert columns.numbers["score"].tolist() == BINARY["score"]
    region = columns.names["slice_region"]
    assert [region.names[code] for code in region.codes] == BINARY["slice_region"]


def test_several_files_are_one_evaluation(tmp_path: Path) -> None:
    files = [written(tmp_path, str(number), **BINARY) for number in range(3)]
    opened = open_predictions(files, Task.BINARY)
    assert opened.rows == 12
    assert read(opened, ["score"]).numbers["score"].tolist() == BINARY["score"] * 3
    sizes = [len(batch.numbers["score"]) for batch in batches(opened, ["score"], size=2)]
    assert sizes == [2] * 6
    assert [len(batch.numbers["score"]) for batch in batches(opened, ["score"], size=3)] == [3, 1] * 3


def test_labels_of_classes_are_numbered_as_their_scores(tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "row_id": [1, 2, 3], "label": pa.array(["dog", "cat", "dog"]).dictionary_encode(),
        "score_cat": [0.2, 0.9, 0.1], "score_dog": [0.8, 0.1, 0.9],
    }  # fmt: skip
    opened = open_predictions([written(tmp_path, **columns)], Task.MULTICLASS)
    assert opened.schema.classes == ("cat", "dog")
    assert read(opened, ["label"]).names["label"].codes.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": None}, "lacks the column score, which binary predictions need; it has row_id, label, slice_region"),
        ({"score": ["x"] * 4}, "the column score holds VARCHAR; it has to hold numbers from 0 to 1"),
        ({"label": ["x"] * 4}, "the column label holds VARCHAR; it has to hold 0 and 1, or booleans"),
        ({"slice_region": [0.5] * 4}, "the column slice_region holds DOUBLE; it has to hold texts, integers or"),
        ({"score": [0.1, 0.2, 0.3, None]}, "score has 1 missing values, the first in row 3 (row group 1)"),
        (
            {"score": [0.1, 0.2, 1.5, 0.3]},
            "score is 1.5; it has to hold numbers from 0 to 1; this is in row 2 (row group",
        ),
        ({"score": [0.1, np.nan, 0.5, 0.3]}, "score is nan; it has to hold numbers from 0 to 1; this is in row 1 (row"),
        ({"label": [0, 1, 0, 3]}, "label is 3; it has to hold 0 and 1, or booleans; this is in row 3 (row group 1)"),
        ({"weight": [1.0, -1.0, 1.0, 1.0]}, "weight is -1.0; it has to hold numbers of 0 or more; this is in row 1"),
        ({"row_id": ["a", None, "c", "d"]}, "row_id has 1 missing values, the first in row 1 (row group 0)"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    columns = {name: values for name, values in (BINARY | change).items() if values is not None}
    with pytest.raises(UnusablePredictionsError) as refused:
        everything(written(tmp_path, **columns))
    assert message in str(refused.value)
    assert str(tmp_path / "predictions.parquet") in str(refused.value)


def test_tasks_need_their_own_columns(tmp_path: Path) -> None:
    file = written(tmp_path, row_id=[1], label=[0.5])
    with pytest.raises(UnusablePredictionsError, match="lacks the column prediction, which regression"):
        open_predictions([file], Task.REGRESSION)
    with pytest.raises(UnusablePredictionsError, match="lacks the column score, query, which ranking"):
        open_predictions([file], Task.RANKING)
    with pytest.raises(UnusablePredictionsError, match="score_CLASS for each of two or more classes"):
        open_predictions([written(tmp_path, row_id=[1], label=["x"], score_x=[1.0])], Task.MULTICLASS)


def test_a_class_without_scores_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, row_id=[1, 2], label=["x", "z"], score_x=[1.0, 0.5], score_y=[0.0, 0.5])
    with pytest.raises(UnusablePredictionsError, match="label has the classes z, of which there are no scores"):
        everything(file, Task.MULTICLASS)


def test_what_is_no_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("row_id,label\n")
    cut = written(tmp_path, **BINARY)
    whole = cut.read_bytes()
    for file in ("text.parquet", "none.parquet"):
        with pytest.raises(UnusablePredictionsError, match=f"{file} cannot be read"):
            open_predictions([tmp_path / file], Task.BINARY)
    with pytest.raises(UnusablePredictionsError, match="there is no file of predictions"):
        open_predictions([], Task.BINARY)
    opened = open_predictions([cut], Task.BINARY)
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnusablePredictionsError, match=r"predictions\.parquet cannot be read"):
        read(opened, ["score"])


def test_files_of_other_columns_are_not_one_evaluation(tmp_path: Path) -> None:
    other = {name: values for name, values in BINARY.items() if name != "weight"}
    with pytest.raises(UnusablePredictionsError, match="do not both have the columns weight"):
        open_predictions([written(tmp_path, "1", **BINARY), written(tmp_path, "2", **other)], Task.BINARY)


def opened(folder: Path, name: str, ids: list[Any]) -> Predictions:
    file = written(folder, name, row_id=ids, label=[0] * len(ids), score=[0.5] * len(ids))
    return open_predictions([file], Task.BINARY)


def test_rows_are_found_by_their_ids(tmp_path: Path) -> None:
    champion, candidate = opened(tmp_path, "a", ["x", "y", "z"]), opened(tmp_path, "b", ["z", "x", "y"])
    order = order_of(champion, candidate)
    assert order is not None
    assert order.tolist() == [1, 2, 0]
    assert order_of(champion, opened(tmp_path, "c", ["x", "y", "z"])) is None
    assert order_of(opened(tmp_path, "d", pa.array([1, 2], pa.int32())), opened(tmp_path, "e", [1, 2])) is None


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (["x", "y"], ["x", "z"], "has 2 rows and .* has 2; 1 of the first are not in the second"),
        (["x", "y"], ["x", "y", "z"], "has 2 rows and .* has 3; 0 of the first are not in the second"),
        (["x", "x"], ["x", "x"], "has 1 rows whose row_id is missing or not new"),
        (["x", "y"], ["x", None], "has 1 rows whose row_id is missing or not new"),
    ],
)
def test_other_rows_are_not_compared(tmp_path: Path, first: list[str], second: list[str], message: str) -> None:
    with pytest.raises(UnusablePredictionsError, match=message):
        order_of(opened(tmp_path, "a", first), opened(tmp_path, "b", second))


def test_a_document_of_every_task_is_what_the_pipeline_reads() -> None:
    labels, scores = [0, 1, 1, 0], [0.1, 0.8, 0.4, 0.6]
    documents = {
        "auc": evaluation_document(binary_report(tally(labels, scores))),
        "macro_f1": evaluation_document(multiclass_report([0, 1], [[0.9, 0.1], [0.2, 0.8]], ["a", "b"])),
        "rmse": evaluation_document(regression_estimates(regression_sums([1, 2, 3], [1, 2, 4]))),
    }
    for metric, document in documents.items():
        body = json.dumps(document, allow_nan=False).encode()
        assert parse(body, [metric], "s3://bucket/evaluation.json")[metric].value > 0
    ranked = evaluation_document(ranking_report([1, 1], [1, 0], [0.2, 0.1]))
    assert ranked["ranking_metrics"]["mrr"] == {"value": 1.0, "standard_deviation": "NaN"}


def test_a_binary_document_has_sagemakers_names() -> None:
    document = evaluation_document(binary_report(tally([0, 1, 1, 0], [0.1, 0.8, 0.4, 0.6])))
    found = document["binary_classification_metrics"]
    assert found["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 1, "1": 1}}
    assert found["receiver_operating_characteristic_curve"]["true_positive_rates"][-1] == 1
    assert found["false_negative_rate"]["value"] == pytest.approx(1 - found["true_positive_rate"]["value"])
    for name in ("auc", "au_prc", "accuracy", "precision", "recall", "f0_5", "f1", "f2", "true_negative_rate"):
        assert 0 <= found[name]["value"] <= 1
    empty = evaluation_document(binary_report(tally([0, 0], [0.1, 0.2])))["binary_classification_metrics"]
    assert empty["auc"] == {"value": "NaN", "standard_deviation": "NaN"}


@pytest.mark.parametrize("files", [1, 2], ids=["reported on", "compared"])
def test_a_million_rows_take_little_memory(tmp_path: Path, files: int) -> None:
    rows = 1_000_000
    random = np.random.default_rng(0)
    file = tmp_path / "predictions.parquet"
    columns = {"row_id": np.arange(rows), "label": random.integers(0, 2, rows), "score": random.random(rows)}
    pq.write_table(pa.table(columns), file)
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.evaluation_memory", *[file] * files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(run.stdout) < 400  # MiB; the libraries take a hundred
