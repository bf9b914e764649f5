"""A binary report has scikit-learn's values on real data, each with an interval, and says where there is none."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agent.statistics.binary import binary_report
from agent.statistics.calibration import Bins, calibration, ece
from agent.statistics.curves import histogram, precision_recall, roc
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from pathlib import Path

Rows = tuple[np.ndarray, np.ndarray]


def fitted(features: np.ndarray, labels: np.ndarray, train: int) -> Rows:
    """Labels and probabilities of the rows that a logistic regression did not see."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features[:train], labels[:train])
    return labels[train:], model.predict_proba(features[train:])[:, 1]


@pytest.fixture(scope="module")
def tumours() -> Rows:
    data = load_breast_cancer()
    return fitted(data.data, data.target, 200)


@pytest.fixture(scope="module")
def credit(shared_data: Path) -> Rows:
    with gzip.open(shared_data / "credit_default.csv.gz", "rt") as file:
        header = file.readline().strip().replace('"', "").split(",")
        table = np.genfromtxt(file, delimiter=",")
    label = header.index("Label")
    return fitted(np.delete(table, label, axis=1), table[:, label].astype(int), 15_000)


@pytest.fixture(params=["tumours", "credit"])
def rows(request: pytest.FixtureRequest) -> Rows:
    found: Rows = request.getfixturevalue(request.param)
    return found


def test_metrics_are_those_of_scikit_learn(rows: Rows) -> None:
    labels, scores = rows
    decided = scores >= 0.4
    expected = {
        "auc": metrics.roc_auc_score(labels, scores), "log_loss": metrics.log_loss(labels, scores),
        "average_precision": metrics.average_precision_score(labels, scores),
        "brier": metrics.brier_score_loss(labels, scores), "accuracy": metrics.accuracy_score(labels, decided),
        "precision": metrics.precision_score(labels, decided), "recall": metrics.recall_score(labels, decided),
        "specificity": metrics.recall_score(labels, decided, pos_label=0), "f1": metrics.f1_score(labels, decided),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, decided),
        "mcc": metrics.matthews_corrcoef(labels, decided),
    }  # fmt: skip
    report = binary_report(tally(labels, scores), threshold=0.4)
    assert {name: report.metrics[name].value for name in expected} == pytest.approx(expected, abs=1e-12)
    matrix = metrics.confusion_matrix(labels, decided).ravel()
    assert [float(x) for x in (report.confusion.tn, report.confusion.fp, report.confusion.fn, report.confusion.tp)] == (
        matrix.tolist()
    )
    assert (report.rows, report.positives) == (len(labels), labels.sum())


def test_standard_errors_are_those_of_resampled_rows(credit: Rows) -> None:
    labels, scores = credit[0][:3000], credit[1][:3000]

    def values(rows: np.ndarray) -> dict[str, float]:
        report = binary_report(tally(labels[rows], scores[rows]), threshold=0.3)
        return {name: each.value for name, each in report.metrics.items()}

    random = np.random.default_rng(3)
    drawn = [values(random.integers(0, 3000, 3000)) for _ in range(300)]
    for name, estimate in binary_report(tally(labels, scores), threshold=0.3).metrics.items():
        spread = float(np.std([each[name] for each in drawn]))
        # Of 300 resamples a standard error is known to 4 %; that of the average precision is an approximation.
        assert estimate.deviation == pytest.approx(spread, rel=0.35 if name == "average_precision" else 0.15), name


def test_curves_lie_on_those_of_scikit_learn(rows: Rows) -> None:
    labels, scores = rows
    counted = tally(labels, scores)
    false, true, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    thinned = roc(counted, points=50)
    assert len(thinned.x) <= 52
    whole = set(zip(false.round(12), true.round(12), strict=True))
    assert set(zip(thinned.x.round(12), thinned.y.round(12), strict=True)) <= whole
    assert (thinned.x[0], thinned.y[0], thinned.x[-1], thinned.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(thinned.y, thinned.x) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=2e-3)
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores)
    curve = precision_recall(counted, points=50)
    known = set(zip(recalls.round(12), precisions.round(12), strict=True))
    assert set(zip(curve.x.round(12), curve.y.round(12), strict=True)) <= known


def test_a_curve_of_few_scores_is_whole() -> None:
    curve = roc(tally([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.4]))
    assert curve.thresholds.tolist() == [math.inf, 0.9, 0.4, 0.1]
    assert curve.x.tolist() == [0, 0, 0.5, 1]
    assert curve.y.tolist() == [0, 0.5, 1, 1]


@pytest.mark.parametrize("kind", Bins)
def test_bins_are_those_of_scikit_learn(rows: Rows, kind: Bins) -> None:
    labels, scores = rows
    bins = calibration(tally(labels, scores), bins=10, kind=kind)
    if kind is Bins.EQUAL_WIDTH:
        observed, predicted = calibration_curve(labels, scores, n_bins=10)
        np.testing.assert_allclose(bins.observed, observed, atol=1e-12)
        np.testing.assert_allclose(bins.predicted, predicted, atol=1e-12)
    else:
        assert np.ptp(bins.counts) <= 1 + max(np.unique(scores, return_counts=True)[1])
    assert bins.counts.sum() == len(labels)
    assert ece(bins) == pytest.approx(np.abs(bins.observed - bins.predicted) @ bins.counts / len(labels))


def test_a_histogram_is_that_of_numpy(rows: Rows) -> None:
    labels, scores = rows
    found = histogram(tally(labels, scores), bins=20)
    for label, counts in ((1, found.positives), (0, found.negatives)):
        np.testing.assert_array_equal(counts, np.histogram(scores[labels == label], bins=20, range=(0, 1))[0])


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_has_what_can_be_measured(label: int) -> None:
    report = binary_report(tally(np.full(50, label), np.linspace(0, 1, 50)))
    assert report.roc is None
    assert report.precision_recall is None
    assert math.isnan(report.metrics["auc"].value)
    assert not report.metrics["auc"].known
    assert report.metrics["brier"].known
    assert report.metrics["accuracy"].value == 0.5


def test_a_model_that_says_the_same_of_all_tells_nothing_apart() -> None:
    report = binary_report(tally([0, 1] * 50, np.full(100, 0.5)))
    assert report.metrics["auc"].value == 0.5
    assert report.metrics["mcc"].value == 0
    assert report.metrics["ece"].value == 0


def test_a_perfect_model_is_not_certain_to_stay_perfect() -> None:
    estimate = binary_report(tally([0] * 20 + [1] * 20, np.linspace(0, 1, 40))).metrics["auc"]
    assert (estimate.value, estimate.high) == (1, 1)
    assert 0.8 < estimate.low < 0.9


@pytest.mark.parametrize("seed", range(20))
def test_weights_that_add_up_to_a_little_more_make_no_model_more_than_perfect(seed: int) -> None:
    """Sums of the same weights in another order differ in the last digit."""
    random = np.random.default_rng(seed)
    labels, weights = random.random(500) < 0.4, random.random(500) + 0.1
    scores = np.where(labels, 0.6, 0.1) + 0.3 * random.random(500)
    found = binary_report(tally(labels, scores, weights)).metrics
    for name in ("auc", "average_precision", "accuracy", "precision", "recall", "specificity", "f1"):
        assert (found[name].value, found[name].deviation, found[name].high) == (1, 0, 1), name
        assert 0.9 < found[name].low < 0.995, name


def test_weights_do_not_give_an_interval_to_a_correlation_that_has_none() -> None:
    weights = np.random.default_rng(1).random(500)
    found = binary_report(tally(np.arange(500) % 2, np.full(500, 0.9), weights)).metrics["mcc"]
    assert found.value == 0
    assert not found.known


def test_a_row_of_weight_0_has_no_score() -> None:
    """Neither a precision of nothing, where it has the highest one."""
    columns = [0, 1, 0, 1], [0.1, 0.6, 0.4, 0.9], [2.0, 1.0, 1.0, 0.0]
    counted = tally(*columns)
    assert counted.scores.tolist() == [0.1, 0.4, 0.6]
    assert precision_recall(counted).y.tolist() == [1.0, 0.5, 0.25]


def test_the_only_positive_row_may_be_the_last_of_very_many() -> None:
    scores = np.linspace(0, 1, 200_000)
    found = binary_report(tally(scores == 0, scores)).metrics["average_precision"]
    assert found.value == pytest.approx(1 / 200_000)
    assert (found.low, found.high) == (0, 1)


def test_weights_of_whole_classes_are_nothing_to_what_is_of_each_class_alone() -> None:
    """Ten of a row that was left out nine times in ten are no ten rows, and the other class has not lost any."""
    random = np.random.default_rng(2)
    labels = random.random(800) < 0.2
    scores = np.clip(random.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    plain, weighted = (
        binary_report(tally(labels, scores, weights)).metrics for weights in (None, np.where(labels, 10.0, 1.0))
    )
    for name in ("auc", "recall", "specificity", "balanced_accuracy"):
        bounds = (plain[name].value, plain[name].low, plain[name].high)
        assert (weighted[name].value, weighted[name].low, weighted[name].high) == pytest.approx(bounds), name
