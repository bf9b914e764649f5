"""The metrics of a check, held against scikit-learn's and against what cannot be measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.deployment.metrics import MetricName, NotMeasurableError, measure

scored = some.lists(
    some.tuples(some.booleans(), some.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])), min_size=2
).filter(lambda rows: len({label for label, _ in rows}) == 2)
numbers = some.lists(some.tuples(some.floats(-1e6, 1e6), some.floats(-1e6, 1e6)), min_size=1, max_size=50)


@settings(deadline=None)
@given(scored)
def test_auc_is_how_often_a_positive_row_scores_above_a_negative_one(rows: list[tuple[bool, float]]) -> None:
    """Ties count half (Hanley and McNeil, 1982)."""
    positive = [score for label, score in rows if label]
    negative = [score for label, score in rows if not label]
    wins = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    value = measure("auc", [str(int(label)) for label, _ in rows], [str(score) for _, score in rows])
    assert value == pytest.approx(wins / (len(positive) * len(negative)))


@settings(deadline=None)
@given(scored)
def test_auc_is_scikit_learn_s(rows: list[tuple[bool, float]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, scores = zip(*rows, strict=True)
    value = measure("auc", [str(int(label)) for label in labels], [str(score) for score in scores])
    assert value == pytest.approx(metrics.roc_auc_score(labels, scores))


def test_of_two_labels_the_greater_is_positive() -> None:
    assert measure("auc", ["-1", "-1", "1", "1"], ["0.1", "0.2", "0.3", "0.4"]) == 1.0
    assert measure("auc", ["2", "2", "1", "1"], ["0.1", "0.2", "0.3", "0.4"]) == 0.0


@settings(deadline=None)
@given(numbers)
def test_errors_are_squared_and_averaged(rows: list[tuple[float, float]]) -> None:
    labels, answers = [repr(label) for label, _ in rows], [repr(answer) for _, answer in rows]
    squared = math.fsum((label - answer) ** 2 for label, answer in rows) / len(rows)
    assert measure("mse", labels, answers) == pytest.approx(squared)
    assert measure("rmse", labels, answers) == pytest.approx(math.sqrt(squared))


def test_accuracy_counts_answers_that_are_their_label() -> None:
    labels, answers = ["setosa", "virginica", "1", "2", "0"], ['"setosa"', "setosa", "1.0", " 2 ", "zero"]
    assert measure("accuracy", labels, answers) == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("metric", "labels", "answers", "why"),
    [
        ("auc", ["1", "1"], ["0.5", "0.6"], "two labels; these have 1"),
        ("auc", ["0", "1", "2"], ["1", "2", "3"], "two labels; these have 0, 1, 2"),
        ("auc", ["0", "1"], ["0.5", "high"], "the answer of row 2 is no number: 'high'"),
        ("mse", ["a", "1"], ["0", "1"], "the label of row 1 is no number: 'a'"),
        ("rmse", ["0", "1"], ["nan", "1"], "the answer of row 1 is not finite"),
        ("accuracy", [], [], "at least one row"),
    ],
)
def test_what_cannot_be_measured_is_told(metric: MetricName, labels: list[str], answers: list[str], why: str) -> None:
    with pytest.raises(NotMeasurableError, match=why):
        measure(metric, labels, answers)
