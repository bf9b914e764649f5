"""The accuracy is that of the predictions, in the shape that SageMaker gives it."""

from pathlib import Path

import evaluate
import pytest


def test_metrics_of_known_predictions() -> None:
    labels = ["setosa", "setosa", "virginica", "versicolor"]
    metrics = evaluate.measure(labels, ["setosa", "setosa", "virginica", "virginica"])
    assert metrics["multiclass_classification_metrics"] == {
        "confusion_matrix": {
            "setosa": {"setosa": 2, "versicolor": 0, "virginica": 0},
            "versicolor": {"setosa": 0, "versicolor": 0, "virginica": 1},
            "virginica": {"setosa": 0, "versicolor": 0, "virginica": 1},
        },
        "accuracy": {"value": 0.75, "standard_deviation": pytest.approx((0.75 * 0.25 / 4) ** 0.5)},
    }


def test_a_folder_without_rows_is_no_data(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are no rows of CSV"):
        evaluate.read_rows(tmp_path)
