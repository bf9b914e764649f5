"""Multiclass, regression and ranking have scikit-learn's values, and standard errors that resampled rows confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression

from agent.statistics import multiclass, regression
from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.intervals import wilson
from agent.statistics.multiclass import confusion_matrix, decisions_report, multiclass_report
from agent.statistics.ranking import ranking_report
from agent.statistics.regression import regression_estimates, regression_sums, residuals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.statistics.intervals import Estimate

RANDOM = np.random.default_rng(5)


def resampled(measure: Callable[[np.ndarray], Mapping[str, Estimate]], rows: int) -> dict[str, float]:
    """The standard deviations of metrics over 400 resamples."""
    drawn = [measure(RANDOM.integers(0, rows, rows)) for _ in range(400)]
    return {name: float(np.std([each[name].value for each in drawn])) for name in drawn[0]}


@pytest.fixture(scope="module")
def wines() -> tuple[np.ndarray, np.ndarray]:
    data = load_wine()
    model = LogisticRegression(max_iter=5000).fit(data.data[::3, :3], data.target[::3])
    return data.target, model.predict_proba(data.data[:, :3])


def test_a_perfect_classifier_is_no_more_certain_than_its_smallest_class() -> None:
    found = decisions_report([0] * 6 + [1] * 2 + [2] * 2, [0] * 6 + [1] * 2 + [2] * 2, ["a", "b", "c"]).metrics
    for metric in ("macro_precision", "macro_recall", "macro_f1"):
        assert (found[metric].value, found[metric].low, found[metric].high) == (1, wilson(2, 2).low, 1)
    assert found["weighted_recall"].low == found["accuracy"].low == wilson(10, 10).low


def test_means_over_classes_stay_between_0_and_1() -> None:
    found = decisions_report([0] * 9 + [1] * 3 + [2] * 2, [0] * 8 + [1] * 4 + [2] * 2, ["a", "b", "c"]).metrics
    for metric in ("macro_precision", "weighted_precision", "macro_recall", "macro_f1", "weighted_f1"):
        assert 0 < found[metric].low < found[metric].value < found[metric].high < 1


def test_multiclass_metrics_are_those_of_scikit_learn(wines: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = wines
    decided = scores.argmax(axis=1)
    report = multiclass_report(truth, scores, ["red", "white", "rosé"])
    expected = {
        "accuracy": metrics.accuracy_score(truth, decided), "log_loss": metrics.log_loss(truth, scores),
        "macro_auc": metrics.roc_auc_score(truth, scores, multi_class="ovr"),
    } | {
        f"{average}_{name}": of(truth, decided, average=average)
        for average in ("macro", "weighted")
        for name, of in (
            ("f1", metrics.f1_score), ("precision", metrics.precision_score), ("recall", metrics.recall_score),
        )
    }  # fmt: skip
    assert {name: each.value for name, each in report.metrics.items()} == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(report.confusion, metrics.confusion_matrix(truth, decided))


def test_multiclass_standard_errors_are_those_of_resampled_rows(wines: tuple[np.ndarray, np.ndarray]) -> None:
    truth, decided = wines[0], wines[1].argmax(axis=1)

    def measure(rows: np.ndarray) -> Mapping[str, Estimate]:
        return multiclass.decision_estimates(confusion_matrix(truth[rows], decided[rows], 3))

    found = measure(np.arange(len(truth)))
    assert {name: each.deviation for name, each in found.items()} == pytest.approx(
        resampled(measure, len(truth)), rel=0.15
    )


def test_a_class_that_does_not_occur_counts_as_in_scikit_learn() -> None:
    truth, decided = [0, 0, 1, 1], [0, 1, 1, 1]
    found = multiclass.decision_estimates(confusion_matrix(truth, decided, 3))
    expected = metrics.f1_score(truth, decided, average="macro", labels=[0, 1, 2], zero_division=0)
    assert found["macro_f1"].value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        ([0, 3], np.full((2, 2), 0.5), "label has class 3, and there are 2, numbered from 0"),
        ([0, 1], np.full((2, 3), 0.5), r"scores have shape \(2, 3\); 2 classes need as many columns"),
        ([0, 1], [[0.5, 0.5], [0.5, 1.5]], "score_b is 1.5 in row 1; a probability is from 0 to 1"),
    ],
)
def test_classes_that_do_not_fit_are_refused(truth: list[int], scores: Any, message: str) -> None:
    with pytest.raises(UnusablePredictionsError, match=message):
        multiclass_report(truth, scores, ["a", "b"])


@pytest.fixture(scope="module")
def diabetes() -> tuple[np.ndarray, np.ndarray]:
    data = load_diabetes()
    return data.target, LinearRegression().fit(data.data[::2], data.target[::2]).predict(data.data)


def test_regression_metrics_are_those_of_scikit_learn_in_one_part_or_in_many(
    diabetes: tuple[np.ndarray, np.ndarray],
) -> None:
    labels, predicted = diabetes
    weights = RANDOM.random(len(labels))
    for weight in (None, weights):
        expected = {
            "mse": metrics.mean_squared_error(labels, predicted, sample_weight=weight),
            "rmse": metrics.root_mean_squared_error(labels, predicted, sample_weight=weight),
            "mae": metrics.mean_absolute_error(labels, predicted, sample_weight=weight),
            "r2": metrics.r2_score(labels, predicted, sample_weight=weight),
        }
        parts = [slice(0, 100), slice(100, 101), slice(101, None)]
        for sums in (
            regression_sums(labels, predicted, weight),
            regression.merged(
                [regression_sums(labels[p], predicted[p], None if weight is None else weight[p]) for p in parts]
            ),
        ):
            found = regression_estimates(sums)
            assert {name: each.value for name, each in found.items()} == pytest.approx(expected, rel=1e-9)


def test_regression_standard_errors_are_those_of_resampled_rows(diabetes: tuple[np.ndarray, np.ndarray]) -> None:
    labels, predicted = diabetes

    def measure(rows: np.ndarray) -> Mapping[str, Estimate]:
        return regression_estimates(regression_sums(labels[rows], predicted[rows]))

    found = measure(np.arange(len(labels)))
    assert {name: each.deviation for name, each in found.items()} == pytest.approx(
        resampled(measure, len(labels)), rel=0.15
    )


def test_labels_that_never_vary_have_no_r2(diabetes: tuple[np.ndarray, np.ndarray]) -> None:
    assert np.isnan(regression_estimates(regression_sums(np.ones(5), np.arange(5)))["r2"].value)


def test_residuals_have_numpys_quantiles(diabetes: tuple[np.ndarray, np.ndarray]) -> None:
    labels, predicted = diabetes
    found = residuals(labels, predicted, bins=20)
    assert found.quantiles[0.95] == np.quantile(predicted - labels, 0.95)
    assert found.counts.sum() == len(labels)


@pytest.fixture(scope="module")
def lists() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twenty items for each of 60 queries, with ties among their scores."""
    relevance = RANDOM.integers(0, 4, (60, 20)) * (RANDOM.random((60, 20)) < 0.3)
    scores = np.round(relevance + RANDOM.normal(scale=1.5, size=relevance.shape), 1)
    return np.repeat([f"query {n:02}" for n in range(60)], 20), relevance, scores


def test_ndcg_is_that_of_scikit_learn_with_ties(lists: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    queries, relevance, scores = lists
    report = ranking_report(queries, relevance.ravel(), scores.ravel(), k=5)
    kept = relevance.max(axis=1) > 0
    expected = [metrics.ndcg_score(r[None], s[None], k=5) for r, s in zip(relevance[kept], scores[kept], strict=True)]
    np.testing.assert_allclose(report.by_query["ndcg@5"], expected, atol=1e-12)
    assert report.left_out == np.count_nonzero(~kept)
    assert report.metrics["ndcg@5"].value == pytest.approx(np.mean(expected))


def test_what_only_asks_for_relevance_is_as_defined(lists: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    queries, relevance, scores = lists
    distinct = scores + RANDOM.random(scores.shape) * 1e-6
    report = ranking_report(queries, relevance.ravel(), distinct.ravel(), k=5)
    for at, (relevances, row) in enumerate((r, s) for r, s in zip(relevance, distinct, strict=True) if r.max() > 0):
        hits = (relevances > 0)[np.argsort(-row)]
        assert report.by_query["map"][at] == pytest.approx(metrics.average_precision_score(relevances > 0, row))
        assert report.by_query["mrr"][at] == pytest.approx(1 / (1 + np.argmax(hits)))
        assert report.by_query["recall@5"][at] == pytest.approx(hits[:5].sum() / hits.sum())


def test_equal_scores_do_not_gain_by_the_order_of_rows() -> None:
    report = ranking_report([1, 1, 1, 1], [1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], k=2)
    assert report.metrics["mrr"].value == 0.25
    assert report.metrics["recall@2"].value == 0
    assert report.metrics["ndcg@2"].value == pytest.approx((1 + 1 / np.log2(3)) / 4)


def test_a_negative_relevance_is_refused() -> None:
    with pytest.raises(UnusablePredictionsError, match="label is -1 in row 1; a relevance is 0 or more"):
        ranking_report([1, 1], [0, -1], [0.5, 0.5])


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 2, 60), np.arange(60.0)])
@pytest.mark.parametrize("label", [0.1, 1 / 3, 1e6 + 0.1])
def test_labels_that_are_all_the_same_have_no_variance_by_rounding(label: float, weights: np.ndarray | None) -> None:
    """A row of weight 0 has no label."""
    labels = np.full(60, label)
    if weights is not None and not weights[0]:
        labels[0] = 7
    found = regression_estimates(regression_sums(labels, labels + 0.1, weights))["r2"]
    assert np.isnan(found.value)
    assert not found.known
