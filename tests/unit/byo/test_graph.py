"""A graph predicts what its model predicts, or the model is served itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import xgboost
from byo import graph
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from pathlib import Path

    from byo.graph import Method

TUMOURS, MALIGNANT = load_breast_cancer(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
CLASSIFIERS = [
    GradientBoostingClassifier(n_estimators=20, random_state=0),
    RandomForestClassifier(n_estimators=20, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    xgboost.XGBClassifier(n_estimators=20, n_jobs=1),
]
REGRESSORS = [
    GradientBoostingRegressor(n_estimators=20, random_state=0),
    xgboost.XGBRegressor(n_estimators=20, n_jobs=1),
]


def name(model: Any) -> str:
    return type(model).__name__


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name)
def test_classes_and_probabilities_are_the_models(tmp_path: Path, model: Any, method: str) -> None:
    model.fit(TUMOURS, MALIGNANT)
    said = graph.save(model, tmp_path, TUMOURS, cast("Method", method))
    assert said == "the model is served as an ONNX graph; it predicts the same for 569 rows within 1e-05"
    predict = graph.load(tmp_path)
    expected = getattr(model, method)(TUMOURS)
    np.testing.assert_allclose(predict(TUMOURS), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(predict(TUMOURS[:1]), expected[:1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("model", REGRESSORS, ids=name)
def test_numbers_are_the_models(tmp_path: Path, model: Any) -> None:
    model.fit(DIABETES, PROGRESS)
    assert "as an ONNX graph" in graph.save(model, tmp_path, DIABETES)
    np.testing.assert_allclose(graph.load(tmp_path)(DIABETES), model.predict(DIABETES), rtol=1e-5)


@pytest.mark.parametrize("model", [CLASSIFIERS[1], CLASSIFIERS[3]], ids=name)
def test_missing_values_are_predicted_as_by_the_model(tmp_path: Path, model: Any) -> None:
    model.fit(TUMOURS, MALIGNANT)
    assert "as an ONNX graph" in graph.save(model, tmp_path, TUMOURS, "predict_proba")
    rows = TUMOURS.copy()
    rows[::3, ::2] = np.nan
    np.testing.assert_allclose(graph.load(tmp_path)(rows), model.predict_proba(rows), atol=1e-5)


def test_missing_values_are_refused_as_by_the_model(tmp_path: Path) -> None:
    model = GradientBoostingClassifier(n_estimators=5).fit(TUMOURS, MALIGNANT)
    assert "as an ONNX graph" in graph.save(model, tmp_path, TUMOURS)
    with pytest.raises(ValueError, match="NaN"):
        graph.load(tmp_path)(np.full((1, 30), np.nan))


def test_labels_of_text_are_kept(tmp_path: Path) -> None:
    model = DecisionTreeClassifier(max_depth=3).fit(TUMOURS, np.where(MALIGNANT == 1, "benign", "malignant"))
    assert "as an ONNX graph" in graph.save(model, tmp_path, TUMOURS)
    assert graph.load(tmp_path)(TUMOURS).tolist() == model.predict(TUMOURS).tolist()


def test_labels_that_a_client_could_tell_from_the_models_are_not_answered(tmp_path: Path) -> None:
    model = DecisionTreeClassifier(max_depth=3).fit(TUMOURS, MALIGNANT == 1)
    assert graph.save(model, tmp_path, TUMOURS).startswith("the model is served as it is: ")  # ONNX has 1 for True
    assert graph.load(tmp_path)(TUMOURS).dtype == bool


def half(rows: Any) -> Any:
    return rows / 2


def test_a_model_that_has_no_graph_is_served_itself(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(half), LogisticRegression(max_iter=5000)).fit(TUMOURS, MALIGNANT)
    assert graph.save(model, tmp_path, TUMOURS).startswith("the model is served as it is: it has no ONNX graph (")
    assert graph.load(tmp_path)(TUMOURS).tolist() == model.predict(TUMOURS).tolist()


def test_a_graph_that_predicts_differently_is_not_kept(tmp_path: Path) -> None:
    rows = np.arange(200.0).reshape(-1, 1) + 2.0**24  # single precision cannot tell all of these apart
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(rows, np.arange(200) % 2)
    said = graph.save(model, tmp_path, rows)
    assert said.startswith("the model is served as it is: its ONNX graph predicts differently")
    assert not (tmp_path / "model.onnx").exists()
    assert graph.load(tmp_path)(rows).tolist() == (np.arange(200) % 2).tolist()
