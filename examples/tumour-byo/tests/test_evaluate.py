"""The metrics are those of the predictions, in the shape that SageMaker gives them."""

import evaluate
import pytest

LABELS = [0, 0, 0, 1, 1]
PROBABILITIES = [0.1, 0.2, 0.6, 0.4, 0.9]


def test_metrics_of_known_predictions() -> None:
    metrics = evaluate.measure(LABELS, PROBABILITIES)["binary_classification_metrics"]
    assert metrics["confusion_matrix"] == {"0": {"0": 2, "1": 1}, "1": {"0": 1, "1": 1}}
    values = {name: metric["value"] for name, metric in metrics.items() if "value" in metric}
    assert values == pytest.approx({"auc": 5 / 6, "recall": 1 / 2, "precision": 1 / 2, "accuracy": 3 / 5})


def test_a_share_of_more_rows_is_surer() -> None:
    few, many = evaluate.proportion(8, 10), evaluate.proportion(800, 1000)
    assert few["value"] == many["value"] == 0.8
    assert few["standard_deviation"] == pytest.approx(10 * many["standard_deviation"])


def test_the_share_of_nothing_is_none() -> None:
    assert evaluate.proportion(0, 0) == {"value": 0.0, "standard_deviation": 0.0}


def test_the_deviation_of_the_area_is_that_of_hanley_and_mcneil() -> None:
    """Their paper's example: an area of 0.893 from 51 abnormal and 58 normal images has 0.032."""
    assert evaluate.auc_deviation(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)
