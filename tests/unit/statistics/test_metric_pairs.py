"""Two models are compared by every metric of their task: values as each alone has them, spread as of resampled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.metric_pairs import compare
from agent.statistics.metrics import compared_by
from agent.statistics.multiclass import MulticlassReport
from agent.statistics.same_rows import same_rows
from agent.statistics.sample import Sample, Settings, load
from agent.statistics.schema import Task
from tests.unit.evaluation import predicted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = Settings(threshold=0.5, k=5)
WRITTEN: dict[Task, Callable[..., dict[str, Any]]] = {
    Task.BINARY: predicted.binary,
    Task.MULTICLASS: predicted.multiclass,
    Task.REGRESSION: predicted.regression,
    Task.RANKING: predicted.ranking,
}
RESAMPLES = 120


def file(folder: Path, name: str, columns: dict[str, Any]) -> Path:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def pair(folder: Path, task: Task, **changes: Any) -> tuple[Sample, Sample]:
    """A champion and a candidate that is a little better on the same rows."""
    files = [
        file(folder, name, WRITTEN[task](noise=noise, seed=seed) | (changes if seed == 2 else {}))
        for name, noise, seed in (("champion", 1.2, 1), ("candidate", 1.0, 2))
    ]
    return same_rows(files[:1], files[1:], task, SETTINGS)


def spread(metric: str, champion: Sample, candidate: Sample) -> float:
    """The standard deviation of the difference over resamples of rows."""
    random, found = np.random.default_rng(3), []
    for _ in range(RESAMPLES):
        rows = random.integers(0, champion.rows, champion.rows)
        values = [each.at(rows).estimates()[metric].value for each in (champion, candidate)]
        found.append(values[1] - values[0])
    return float(np.std(found, ddof=1))


@pytest.mark.parametrize(
    ("task", "metric"), [(task, metric) for task in Task for metric in compared_by(task, SETTINGS.k)]
)
def test_a_comparison_has_the_values_of_each_model_alone(tmp_path: Path, task: Task, metric: str) -> None:
    champion, candidate = pair(tmp_path, task)
    found = compare(metric, champion, candidate, 0.95)
    assert found.champion == pytest.approx(champion.estimates()[metric].value)
    assert found.candidate == pytest.approx(candidate.estimates()[metric].value)
    assert found.difference.value == pytest.approx(found.candidate - found.champion)
    assert found.difference.low < found.difference.value < found.difference.high
    wider = compare(metric, champion, candidate, 0.99).difference
    assert wider.high - wider.low > found.difference.high - found.difference.low


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        (Task.MULTICLASS, "macro_f1"),
        (Task.MULTICLASS, "weighted_precision"),
        (Task.REGRESSION, "rmse"),
        (Task.REGRESSION, "r2"),
    ],
)
def test_the_spread_of_a_difference_is_that_of_resampled_rows(tmp_path: Path, task: Task, metric: str) -> None:
    champion, candidate = pair(tmp_path, task)
    deviation = compare(metric, champion, candidate, 0.95).difference.deviation
    assert deviation == pytest.approx(spread(metric, champion, candidate), rel=0.25)


def test_a_score_of_32_bits_is_decided_upon_as_it_is_measured(tmp_path: Path) -> None:
    columns = {"row_id": np.arange(4), "label": [1, 0, 1, 0], "score": np.array([0.7, 0.2, 0.9, 0.4], np.float32)}
    files = [file(tmp_path, name, columns) for name in ("champion", "candidate")]
    champion, candidate = same_rows(files[:1], files[1:], Task.BINARY, Settings(threshold=0.7))
    for metric in ("recall", "f1"):  # 0.7 is rounded down
        assert compare(metric, champion, candidate, 0.95).champion == champion.estimates()[metric].value < 1


def test_the_order_of_rows_and_of_classes_does_not_matter(tmp_path: Path) -> None:
    champion, candidate = pair(tmp_path, Task.MULTICLASS)
    columns = predicted.multiclass(noise=1.0, seed=2)
    turned = {name: columns[name][::-1] for name in ("row_id", "label", "score_eel", "score_cat", "score_dog")}
    files = [tmp_path / "champion.parquet", file(tmp_path, "turned", turned)]
    first, second = same_rows(files[:1], files[1:], Task.MULTICLASS, SETTINGS)
    for metric in ("log_loss", "macro_f1"):
        assert compare(metric, first, second, 0.95) == compare(metric, champion, candidate, 0.95)


def test_other_labels_other_classes_and_other_weights_are_not_compared(tmp_path: Path) -> None:
    labels = predicted.binary()["label"].copy()
    labels[5] = 1 - labels[5]
    with pytest.raises(UnusablePredictionsError, match=r"1 rows have another label .* the first is row 5 "):
        pair(tmp_path, Task.BINARY, label=labels)
    with pytest.raises(UnusablePredictionsError, match="both models have to be evaluated on the same snapshot"):
        pair(tmp_path, Task.BINARY, row_id=np.arange(1, 1001))
    with pytest.raises(UnusablePredictionsError, match="models of other classes are not compared"):
        pair(tmp_path, Task.MULTICLASS, score_fox=np.zeros(600))
    with pytest.raises(UnusablePredictionsError, match="lacks the column weight, which the other model's"):
        pair(tmp_path, Task.BINARY, weight=np.ones(1000))
    with pytest.raises(UnusablePredictionsError, match="ece of binary predictions is not compared"):
        compare("ece", *pair(tmp_path, Task.BINARY), 0.95)


@pytest.mark.parametrize(
    ("task", "metric", "label"),
    [
        (Task.BINARY, "recall", np.zeros(1000)),
        (Task.BINARY, "specificity", np.ones(1000)),
        (Task.REGRESSION, "r2", np.full(500, 0.1)),
        (Task.RANKING, "map", np.zeros(720)),
    ],
)
def test_a_metric_that_the_labels_do_not_define_is_undefined_for_both(
    tmp_path: Path, task: Task, metric: str, label: np.ndarray
) -> None:
    files = [file(tmp_path, name, WRITTEN[task]() | {"label": label}) for name in ("champion", "candidate")]
    found = compare(metric, *same_rows(files[:1], files[1:], task, SETTINGS), 0.95)
    assert np.isnan([found.champion, found.candidate, found.difference.value, found.p_value]).all()
    assert not found.difference.known


def classes_only(columns: dict[str, Any]) -> dict[str, Any]:
    """Predictions of which only the classes are known."""
    names = np.array([name.removeprefix("score_") for name in columns if name.startswith("score_")])
    scores = np.stack([columns[f"score_{name}"] for name in names], axis=1)
    known = {name: each for name, each in columns.items() if not name.startswith("score_")}
    return known | {"prediction": names[scores.argmax(axis=1)]}


def test_classes_alone_have_the_metrics_of_decisions(tmp_path: Path) -> None:
    columns = predicted.multiclass()
    whole, bare = (
        load([file(tmp_path, name, each)], Task.MULTICLASS, SETTINGS).report()
        for name, each in (("whole", columns), ("bare", classes_only(columns)))
    )
    assert isinstance(whole, MulticlassReport)
    assert isinstance(bare, MulticlassReport)
    assert np.array_equal(bare.confusion, whole.confusion)
    assert bare.metrics == {name: each for name, each in whole.metrics.items() if name in bare.metrics}
    assert set(whole.metrics) - set(bare.metrics) == {"log_loss", "macro_auc"}


def test_classes_alone_are_compared_by_decisions_also_with_probabilities(tmp_path: Path) -> None:
    first, second = predicted.multiclass(noise=1.2, seed=1), predicted.multiclass(seed=2)
    files = [
        file(tmp_path, "first", first),
        file(tmp_path, "second", second),
        file(tmp_path, "b", classes_only(second)),
    ]
    whole = same_rows(files[:1], files[1:2], Task.MULTICLASS, SETTINGS)
    mixed = same_rows(files[:1], files[2:], Task.MULTICLASS, SETTINGS)
    for metric in ("accuracy", "macro_f1"):
        assert compare(metric, *mixed, 0.95) == compare(metric, *whole, 0.95)
    for metric in ("log_loss", "macro_auc"):
        with pytest.raises(UnusablePredictionsError, match=f"{metric} is of probabilities"):
            compare(metric, *mixed, 0.95)


def test_a_class_that_only_one_model_predicts_is_none_of_the_other_s(tmp_path: Path) -> None:
    rows = {"row_id": [1, 2, 3, 4], "label": ["cat", "dog", "cat", "dog"]}
    files = [
        file(tmp_path, name, rows | {"prediction": predicted_classes})
        for name, predicted_classes in (("a", ["cat", "dog", "cat", "cat"]), ("b", ["cat", "dog", "bee", "dog"]))
    ]
    champion, candidate = same_rows(files[:1], files[1:], Task.MULTICLASS, SETTINGS)
    assert (champion.classes, candidate.classes) == (("cat", "dog"), ("bee", "cat", "dog"))
    for pair in ((champion, candidate), (candidate, champion)):
        for metric in ("accuracy", "macro_f1", "weighted_recall"):
            found = compare(metric, *pair, 0.95)
            assert [found.champion, found.candidate] == [each.estimates()[metric].value for each in pair]
