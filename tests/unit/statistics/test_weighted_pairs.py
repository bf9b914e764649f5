"""Two models are compared on rows with weights: as on rows without if all are equal, and as precisely as is true."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.metric_pairs import compare
from agent.statistics.metrics import compared_by
from agent.statistics.paired import compare_counts, compare_decisions
from agent.statistics.same_rows import same_rows
from agent.statistics.sample import Sample, Settings
from agent.statistics.schema import Task
from tests.unit.evaluation import predicted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.statistics.arrays import Floats

    Pair = tuple[Sample, Sample]

ALL = [(task, metric) for task in (Task.BINARY, Task.REGRESSION) for metric in compared_by(task)]
SAMPLES = 200


def sample(task: Task, labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None) -> Sample:
    return Sample(
        task=task, settings=Settings(), labels=labels, scores=scores, weights=weights, queries=None, classes=(),
        slices={},
    )  # fmt: skip


def drawn(task: Task, random: np.random.Generator, rows: int, weighed: Callable[..., Floats]) -> Pair:
    """Two models of which the second is a little better, and weights by chance and label."""
    if task is Task.BINARY:
        labels: np.ndarray = random.random(rows) < 0.4
        base = random.normal(size=rows) + 1.2 * labels - 0.6
        scores = [1 / (1 + np.exp(-(base + random.normal(scale=noise, size=rows)))) for noise in (0.8, 0.4)]
    else:
        labels = random.normal(scale=2, size=rows)
        scores = [labels + random.normal(scale=noise, size=rows) for noise in (1.0, 0.9)]
    weights = weighed(random, labels)
    return sample(task, labels, scores[0], weights), sample(task, labels, scores[1], weights)


def by_chance(random: np.random.Generator, labels: np.ndarray) -> Floats:
    return random.exponential(size=len(labels)) + 0.1


def by_label(random: np.random.Generator, labels: np.ndarray) -> Floats:
    """As where many rows of one kind were left out of the data."""
    weights: Floats = np.where(labels > 0, 1.0, 4.0) * random.choice([1.0, 1.5], len(labels))
    return weights


def whole_numbers(random: np.random.Generator, labels: np.ndarray) -> Floats:
    weights: Floats = random.integers(0, 4, len(labels)).astype(np.float64)
    return weights


@pytest.mark.parametrize(("task", "metric"), ALL)
def test_equal_weights_are_none(task: Task, metric: str) -> None:
    pair = drawn(task, np.random.default_rng(1), 500, lambda _, labels: np.full(len(labels), 0.3))
    plain = [replace(each, weights=None) for each in pair]
    assert compare(metric, *pair, 0.95) == compare(metric, plain[0], plain[1], 0.95)


@pytest.mark.parametrize(("task", "metric"), ALL)
def test_a_weight_is_worth_so_many_rows(task: Task, metric: str) -> None:
    """Also one of 0; the interval is wider, for the same row three times is no three rows."""
    pair = drawn(task, np.random.default_rng(2), 500, whole_numbers)
    assert pair[0].weights is not None
    copies = np.repeat(np.arange(500), pair[0].weights.astype(int))
    first, second = (replace(each.at(copies), weights=None) for each in pair)
    found, replicated = compare(metric, *pair, 0.95), compare(metric, first, second, 0.95)
    for name in ("champion", "candidate"):
        assert getattr(found, name) == pytest.approx(getattr(replicated, name), rel=1e-9)
        assert getattr(found, name) == pytest.approx(pair[name == "candidate"].estimates()[metric].value, rel=1e-9)
    assert found.difference.value == pytest.approx(found.candidate - found.champion)
    assert found.difference.deviation > replicated.difference.deviation
    assert found.difference.rows < np.count_nonzero(pair[0].weights)


@pytest.mark.parametrize("weighed", [by_chance, by_label])
@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_the_spread_of_a_difference_is_that_of_resampled_rows(task: Task, weighed: Callable[..., Floats]) -> None:
    random = np.random.default_rng(3)
    pair = drawn(task, random, 1000, weighed)
    found: dict[str, list[float]] = {metric: [] for metric in compared_by(task)}
    for _ in range(SAMPLES):
        rows = random.integers(0, 1000, 1000)
        champion, candidate = (each.at(rows).estimates() for each in pair)
        for metric, differences in found.items():
            differences.append(candidate[metric].value - champion[metric].value)
    for metric, differences in found.items():
        spread = np.std(differences, ddof=1)
        assert compare(metric, *pair, 0.95).difference.deviation == pytest.approx(spread, rel=0.25), metric


@pytest.mark.parametrize("weighed", [by_chance, by_label])
@pytest.mark.parametrize(
    ("task", "metrics"),
    [(Task.BINARY, ("auc", "log_loss", "accuracy", "recall")), (Task.REGRESSION, ("rmse", "mae", "r2"))],
)
def test_intervals_hold_the_difference(task: Task, metrics: tuple[str, ...], weighed: Callable[..., Floats]) -> None:
    """Of 95 %, as far as so many samples tell: four standard errors, and one in a hundred for the smallness."""
    random, hold = np.random.default_rng(4), dict.fromkeys(metrics, 0)
    population = drawn(task, random, 300_000, weighed)
    true = {metric: compare(metric, *population, 0.95).difference.value for metric in metrics}
    for _ in range(SAMPLES):
        pair = drawn(task, random, 300, weighed)
        for metric in metrics:
            found = compare(metric, *pair, 0.95).difference
            hold[metric] += found.low <= true[metric] <= found.high
    least = 0.94 - 4 * math.sqrt(0.95 * 0.05 / SAMPLES)
    assert {metric: count for metric, count in hold.items() if count / SAMPLES < least} == {}


def test_decisions_of_equal_weights_are_counts() -> None:
    random = np.random.default_rng(5)
    first, second = random.random((2, 80)) < 0.7
    counts = [
        int(np.count_nonzero(each)) for each in (first & second, first > second, first < second, ~first & ~second)
    ]
    expected = compare_counts(counts[0], counts[1], counts[2], counts[3]).difference
    found = compare_decisions(first, second, weights=np.full(80, 0.7)).difference
    assert (found.value, found.deviation, found.rows) == pytest.approx(
        (expected.value, expected.deviation, expected.rows)
    )
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_two_models_that_decide_alike_are_alike_as_far_as_the_rows_can_tell() -> None:
    right = np.arange(40) % 4 > 0
    found = compare_decisions(right, right, weights=np.linspace(1, 3, 40))
    assert found.difference.value == 0
    assert found.difference.low < 0 < found.difference.high
    assert found.p_value == 1


def file(folder: Path, name: str, **changes: Any) -> Path:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(predicted.binary(rows=50, seed=len(name)) | changes), path)
    return path


def test_both_models_rows_have_the_same_weights(tmp_path: Path) -> None:
    weights = np.linspace(0.1, 2, 50)
    champion = file(tmp_path, "champion", weight=weights)
    rounded = file(tmp_path, "rounded", weight=weights.astype(np.float32))
    first, second = same_rows([champion], [rounded], Task.BINARY, Settings())
    assert first.weights is second.weights
    other = file(tmp_path, "other", weight=np.where(np.arange(50) == 7, 5.0, weights))
    with pytest.raises(
        UnusablePredictionsError, match=r"1 rows have another weight .* is row 7 of the former, .* and 5:"
    ):
        same_rows([champion], [other], Task.BINARY, Settings())
    for pair in ([champion], [file(tmp_path, "plain")]), ([file(tmp_path, "plain")], [champion]):
        with pytest.raises(UnusablePredictionsError, match=r"plain.parquet lacks the column weight"):
            same_rows(*pair, Task.BINARY, Settings())


def test_rows_that_all_weigh_nothing_are_refused() -> None:
    pair = drawn(Task.BINARY, np.random.default_rng(6), 20, lambda _, labels: np.zeros(len(labels)))
    with pytest.raises(UnusablePredictionsError, match="weight has to be 0 or more in every row, and more in one"):
        compare("auc", *pair, 0.95)
