"""The metrics are those of the predictions, in the shape that SageMaker gives them."""

import evaluate
import pytest


def test_metrics_of_known_predictions() -> None:
    metrics = evaluate.measure([10.0, 8.0, 6.0], [11.0, 8.0, 4.0])["regression_metrics"]
    values = {name: metric["value"] for name, metric in metrics.items()}
    assert values == pytest.approx({"mse": 5 / 3, "rmse": (5 / 3) ** 0.5, "mae": 1.0})


def test_the_mean_of_more_values_is_surer() -> None:
    (few, few_deviation), (many, many_deviation) = evaluate.mean([1.0, 3.0] * 5), evaluate.mean([1.0, 3.0] * 500)
    assert few == many == 2.0
    assert few_deviation == pytest.approx(10 * many_deviation, rel=0.1)


def test_predictions_without_an_error_have_no_deviation() -> None:
    assert evaluate.measure([1.0, 2.0], [1.0, 2.0])["regression_metrics"]["rmse"] == {
        "value": 0.0,
        "standard_deviation": 0.0,
    }
