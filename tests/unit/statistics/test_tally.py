"""Metrics of scores are scikit-learn's, with ties and weights, in one part or in many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from agent.statistics import score_metrics
from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.tally import merged, tally

METRICS = {
    "auc": (score_metrics.auc, metrics.roc_auc_score),
    "average_precision": (score_metrics.average_precision, metrics.average_precision_score),
    "log_loss": (score_metrics.log_loss, metrics.log_loss),
    "brier": (score_metrics.brier, metrics.brier_score_loss),
}
RANDOM = np.random.default_rng(1)
LABELS = RANDOM.random(5000) < 0.3
SCORES: dict[str, np.ndarray] = {
    "distinct": np.clip(RANDOM.normal(0.4 + 0.2 * LABELS, 0.2), 0, 1),
    "ties": np.round(np.clip(RANDOM.normal(0.4 + 0.2 * LABELS, 0.2), 0, 1), 1),
    "constant": np.full(5000, 0.5),
    "float32": np.clip(RANDOM.normal(0.4 + 0.2 * LABELS, 0.2), 0, 1).astype(np.float32).astype(np.float64),
}
WEIGHTS = RANDOM.random(5000)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scores", SCORES)
def test_a_metric_is_that_of_scikit_learn(metric: str, scores: str) -> None:
    ours, theirs = METRICS[metric]
    assert float(ours(tally(LABELS, SCORES[scores]))) == pytest.approx(theirs(LABELS, SCORES[scores]), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_a_weighted_metric_is_that_of_scikit_learn(metric: str) -> None:
    ours, theirs = METRICS[metric]
    for scores in SCORES.values():
        expected = theirs(LABELS, scores, sample_weight=WEIGHTS)
        assert float(ours(tally(LABELS, scores, WEIGHTS))) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_parts_merge_into_the_whole(weights: np.ndarray | None) -> None:
    scores = SCORES["ties"]
    whole = tally(LABELS, scores, weights)
    parts = [slice(0, 10), slice(10, 3000), slice(3000, None)]
    joined = merged([tally(LABELS[p], scores[p], None if weights is None else weights[p]) for p in parts])
    np.testing.assert_array_equal(joined.scores, whole.scores)
    np.testing.assert_allclose(joined.positives, whole.positives, rtol=1e-12)
    np.testing.assert_allclose(joined.negatives, whole.negatives, rtol=1e-12)
    assert joined.rows == pytest.approx(whole.rows)


def test_rows_of_equal_weights_count_as_rows() -> None:
    assert tally(LABELS, SCORES["ties"], np.full(5000, 7.0)).rows == pytest.approx(5000)


@pytest.mark.parametrize("metric", ["auc", "average_precision"])
def test_what_needs_both_classes_is_undefined_without(metric: str) -> None:
    ours, _ = METRICS[metric]
    assert np.isnan(ours(tally(np.zeros(3), [0.1, 0.2, 0.3])))


@pytest.mark.parametrize(
    ("labels", "scores", "weights", "message"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], None, "label is 2 in row 2; the classes of a binary task are 0 and 1"),
        ([0, 1, 1], [0.1, np.nan, 0.3], None, "score is nan in row 1; every row needs a number"),
        ([0, 1], [0.1, np.inf], None, "score is inf in row 1; every row needs a number"),
        ([0, 1], [0.1], None, "columns have different numbers of rows: label 2, score 1"),
        ([], [], None, "there are no rows to measure"),
        ([0, 1], [0.1, 0.2], [1, -1], "weight has to be 0 or more in every row, and more in one; it is from -1"),
        ([0, 1], ["a", "b"], None, "score has to hold one number a row, and holds 2 of <U1"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    labels: list[int], scores: list[Any], weights: list[int] | None, message: str
) -> None:
    with pytest.raises(UnusablePredictionsError, match=message):
        tally(labels, scores, weights)
