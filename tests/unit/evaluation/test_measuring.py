"""Predictions become metrics with intervals and documents beside them, once, whatever the script says itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, ndcg_score, roc_auc_score

from agent.artifacts import Evaluation, Metric
from agent.config.predictions import Predictions
from agent.errors import DamagedError, UsageError, UserCodeFailedError
from agent.evaluation import extra
from agent.evaluation.evaluation_report import parse
from agent.evaluation.examining import examined
from agent.evaluation.measuring import Wanted, evaluated
from agent.evaluation.prediction_files import fetched_again
from agent.gates.findings import Question
from agent.measurements import Measurements
from agent.statistics.metrics import measured_by
from agent.statistics.sample import Settings
from agent.statistics.schema import Task
from tests.fakes import KeptReport, MemoryObjects
from tests.unit.evaluation import predicted
from tests.unit.evaluation.predicted import PLACE, bucket, parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BINARY = Predictions(task="binary", slices=("sex",))


def evaluation(
    objects: MemoryObjects, settings: Predictions = BINARY, report: KeptReport | None = None, **members: Any
) -> Evaluation:
    wanted = Wanted(**{"place": PLACE, "settings": settings, "metrics": ("auc",), **members})
    return evaluated(wanted, objects, report or KeptReport(), model="m" * 64, data="d" * 64, job="job")


def document(objects: MemoryObjects, uri: str) -> bytes:
    return objects.kept[PLACE.bucket, uri.removeprefix(f"s3://{PLACE.bucket}/")]


def measurements(objects: MemoryObjects, found: Evaluation) -> Measurements:
    return Measurements.model_validate_json(document(objects, found.measurements))


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        ("binary", predicted.binary),
        ("multiclass", predicted.multiclass),
        ("regression", predicted.regression),
        ("ranking", predicted.ranking),
    ],
)
def test_every_task_has_the_metrics_that_a_configuration_may_name_with_their_intervals(
    task: Any, columns: Callable[[], dict[str, Any]]
) -> None:
    objects = bucket(predictions__parquet=parquet(columns()))
    known = measured_by(Task(task), k=5)
    found = evaluation(objects, Predictions(task=task, k=5), metrics=tuple(known))
    assert set(found.metrics) == set(known)
    for metric in found.metrics.values():
        assert metric.interval is not None
        assert metric.interval.low <= metric.value <= metric.interval.high
    measured = measurements(objects, found)
    assert (measured.task, measured.rows) == (task, len(columns()["row_id"]))
    assert {name: each.value for name, each in measured.metrics.items()} == {
        name: metric.value for name, metric in found.metrics.items()
    }


def test_values_are_those_of_scikit_learn() -> None:
    columns = predicted.binary()
    found = evaluation(bucket(predictions__parquet=parquet(columns))).metrics
    assert found["auc"].value == pytest.approx(roc_auc_score(columns["label"], columns["score"]))
    assert found["f1"].value == pytest.approx(f1_score(columns["label"], columns["score"] >= 0.5))
    ranked = predicted.ranking(queries=1)
    of_ranking = evaluation(
        bucket(predictions__parquet=parquet(ranked)), Predictions(task="ranking", k=5), metrics=("ndcg@5",)
    )
    assert of_ranking.metrics["ndcg@5"].value == pytest.approx(ndcg_score([ranked["label"]], [ranked["score"]], k=5))


def test_a_report_is_drawn_from_the_document_beside_the_predictions() -> None:
    objects = bucket(predictions__parquet=parquet(predicted.binary()))
    drawn = measurements(objects, evaluation(objects, metrics=("auc", "recall")))
    assert drawn.roc is not None
    assert (drawn.roc.x[0], drawn.roc.y[-1], drawn.roc.thresholds[0]) == (0, 1, None)
    assert drawn.confusion is not None
    assert sum(map(sum, drawn.confusion.counts)) == drawn.rows == 1000
    assert drawn.calibration is not None
    assert sum(drawn.calibration.counts) == 1000
    (sex,) = drawn.slices
    assert [each.value for each in sex.slices] == ["1", "2"] or [each.value for each in sex.slices] == ["2", "1"]
    assert sum(each.rows for each in sex.slices) == 1000
    assert set(sex.slices[0].metrics) == {"auc", "recall"}


def test_a_slice_with_few_rows_is_named_and_not_measured() -> None:
    columns = predicted.binary(300)
    columns["slice_sex"][:20] = 3
    objects = bucket(predictions__parquet=parquet(columns))
    (sex,) = measurements(objects, evaluation(objects)).slices
    assert [(each.value, each.rows, dict(each.metrics)) for each in sex.slices][-1] == ("3", 20, {})


def test_the_registry_s_document_is_in_sagemaker_s_format() -> None:
    objects = bucket(predictions__parquet=parquet(predicted.binary()))
    found = evaluation(objects)
    assert found.report.startswith("s3://bucket/evaluations/job/measured/")
    assert parse(document(objects, found.report), ["auc"], found.report)["auc"].value == found.metrics["auc"].value


def test_what_the_script_says_itself_stays_and_a_difference_is_told() -> None:
    harm = {"value": 7, "standard_deviation": float("nan")}
    own = {"binary_classification_metrics": {"auc": {"value": 0.5}, "harm": harm}}
    objects, report = (
        bucket(predictions__parquet=parquet(predicted.binary()), evaluation__json=json.dumps(own).encode()),
        KeptReport(),
    )
    found = evaluation(objects, report=report, metrics=("auc", "harm"))
    assert (found.metrics["auc"], found.metrics["harm"]) == (Metric(value=0.5), Metric(value=7))
    assert found.metrics["recall"].interval is not None
    (told,) = report.of("warn")
    assert "evaluation.json says that auc is 0.5, and the predictions beside it that it is 0.9" in told
    written = json.loads(document(objects, found.report))["binary_classification_metrics"]
    assert (written["auc"]["value"], written["harm"]["value"]) == (0.5, 7)
    assert written["harm"]["standard_deviation"] == "NaN"
    assert "receiver_operating_characteristic_curve" in written


def test_files_of_a_folder_are_one_evaluation_and_are_known_by_their_digest() -> None:
    first, second = predicted.binary(300), predicted.binary(200, seed=2)
    objects = MemoryObjects()
    for number, columns in enumerate((first, second)):
        objects.create(PLACE.bucket, f"{PLACE.prefix}predictions/part-{number}.parquet", parquet(columns))
    found = evaluation(objects).predictions
    assert found is not None
    assert (found.uri, found.rows) == (PLACE.uri, 500)
    assert found.files == ("predictions/part-0.parquet", "predictions/part-1.parquet")
    with fetched_again(found, objects) as paths:
        assert [path.stat().st_size for path in paths] == [len(parquet(first)), len(parquet(second))]
    objects.kept[PLACE.bucket, f"{PLACE.prefix}predictions/part-1.parquet"] = parquet(first)
    with (
        pytest.raises(DamagedError, match="is damaged: expected predictions whose sha256"),
        fetched_again(found, objects),
    ):
        pass


def test_the_same_is_measured_once_and_other_settings_beside_it() -> None:
    objects = bucket(predictions__parquet=parquet(predicted.binary()))
    first = evaluation(objects)
    objects.calls.clear()
    assert evaluation(objects) == first
    assert {call.operation for call in objects.calls} == {"ListObjectsV2", "GetObject"}
    assert not any(call.key.endswith(".parquet") for call in objects.calls)
    other = evaluation(objects, Predictions(task="binary", threshold=0.9))
    assert other.report != first.report
    assert other.metrics["recall"].value < first.metrics["recall"].value


def test_predictions_that_are_missing_or_wrong_are_the_script_s_failure() -> None:
    with pytest.raises(UserCodeFailedError, match="left no predictions in s3://bucket/evaluations/job/, which"):
        evaluation(bucket(evaluation__json=b"{}"))
    columns = predicted.binary()
    columns["score"][7] = 1.5
    with pytest.raises(UserCodeFailedError, match=r"^s3://bucket/evaluations/job/predictions.parquet: .* in row 7 "):
        evaluation(bucket(predictions__parquet=parquet(columns)))
    with pytest.raises(UserCodeFailedError, match="lacks the column slice_age of a slice that the configuration names"):
        evaluation(
            bucket(predictions__parquet=parquet(predicted.binary())), Predictions(task="binary", slices=("age",))
        )
    with pytest.raises(UserCodeFailedError, match=r"do not tell the metric mse, which `evaluation\.metrics` names"):
        evaluation(bucket(predictions__parquet=parquet(predicted.binary())), metrics=("mse",))


def test_a_champion_whose_image_writes_no_parquet_is_measured_by_its_metrics() -> None:
    own = b'{"binary_classification_metrics": {"auc": {"value": 0.5}}}'
    found = evaluation(bucket(evaluation__json=own), demanded=False)
    assert (found.metrics, found.predictions, found.measurements) == ({"auc": Metric(value=0.5)}, None, "")
    assert found.report == "s3://bucket/evaluations/job/evaluation.json"


def test_without_the_extra_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "duckdb" else name)
    with pytest.raises(UsageError, match=r"duckdb cannot be found beside modelyard: pip install 'modelyard\[stat"):
        evaluation(bucket(predictions__parquet=parquet(predicted.binary())))


def test_a_slice_whose_rows_weigh_nothing_has_none(tmp_path: Path) -> None:
    columns = predicted.binary()
    columns["slice_sex"] = np.where(np.arange(1000) < 300, "1", np.where(np.arange(1000) < 600, "2", "3"))
    columns["weight"] = np.where(np.arange(1000) < 300, 0.0, 1.5)
    objects = bucket(predictions__parquet=parquet(columns))
    found = measurements(objects, evaluation(objects))
    (column,) = found.slices
    assert {each.value: each.rows for each in column.slices} == {"1": 0, "2": 300, "3": 400}
    assert [each.value for each in column.slices if not each.metrics] == ["1"]
    file = tmp_path / "predictions.parquet"
    file.write_bytes(parquet(columns))
    question = Question(kind="slices", level=0.95, metric="auc", slice="sex")
    answer = examined({"sure": question}, [file], Task.BINARY, Settings(), support=100)["sure"]
    assert answer.too_small == ("1",)
    assert [each.of for each in answer.all_of("slices")] == ["2", "3"]
