"""A report is SageMaker's model-quality format with every metric that is asked for, or it says what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.artifacts import Metric
from agent.errors import UserCodeFailedError
from agent.evaluation.evaluation_report import GROUPS, parse

WHERE = "s3://bucket/evaluations/job/evaluation.json"


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


def binary(**entries: Any) -> bytes:
    return written({"binary_classification_metrics": entries})


@pytest.mark.parametrize("group", GROUPS)
def test_every_kind_of_model_has_its_group(group: str) -> None:
    body = written({group: {"score": {"value": 0.5, "standard_deviation": 0.1}}})
    assert parse(body, ["score"], WHERE) == {"score": Metric(value=0.5, standard_deviation=0.1)}


@pytest.mark.parametrize("deviation", ["NaN", None, float("nan"), float("inf")])
def test_a_deviation_that_is_not_known_is_none(deviation: Any) -> None:
    assert parse(binary(auc={"value": 1, "standard_deviation": deviation}), ["auc"], WHERE) == {"auc": Metric(value=1)}


def test_a_deviation_may_be_left_out() -> None:
    assert parse(binary(auc={"value": 1}), ["auc"], WHERE) == {"auc": Metric(value=1)}


def test_matrices_and_curves_are_no_metrics() -> None:
    body = binary(
        confusion_matrix={"0": {"0": 5}}, receiver_operating_characteristic_curve={"tpr": [0]}, auc={"value": 1}
    )
    assert set(parse(body, ["auc"], WHERE)) == {"auc"}


def test_further_metrics_are_kept() -> None:
    assert set(parse(binary(auc={"value": 1}, f1={"value": 0.5}), ["auc"], WHERE)) == {"auc", "f1"}


def test_a_further_metric_without_a_number_does_not_matter() -> None:
    assert set(parse(binary(auc={"value": 1}, f1={"value": "NaN"}), ["auc"], WHERE)) == {"auc"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"accuracy: 1", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[]", "has nothing of it"),
        (b"{}", "has nothing of it"),
        (written({"accuracy": 1, "auc": 2}), "has the members accuracy, auc"),
        (written({"regression_metrics": [1]}), "has the members regression_metrics"),
        (binary(f1={"value": 1}), "it lacks the metric auc; it has f1"),
        (binary(auc=0.9), "it lacks the metric auc; it has none"),
        (binary(auc={"value": "0.9"}), 'its metric auc is "0.9", which is no finite number'),
        (binary(auc={"value": True}), "its metric auc is true, which is no finite number"),
        (binary(auc={"value": float("nan")}), "its metric auc is NaN, which is no finite number"),
        (binary(auc={"value": float("inf")}), "its metric auc is Infinity, which is no finite number"),
        (binary(auc={"value": 10**400}), "which is no finite number"),
    ],
)
def test_what_cannot_be_used_is_named(body: bytes, problem: str) -> None:
    with pytest.raises(UserCodeFailedError) as caught:
        parse(body, ["auc"], WHERE)
    assert problem in str(caught.value)
    assert WHERE in str(caught.value)


def test_one_metric_with_two_values_is_refused() -> None:
    body = written({group: {"score": {"value": value}} for value, group in enumerate(GROUPS)})
    with pytest.raises(UserCodeFailedError, match="the metric score twice"):
        parse(body, ["score"], WHERE)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GROUPS, "auc", "value"]) | st.text(), inner),
)


@given(document=documents)
def test_whatever_a_script_writes_is_read_or_refused(document: Any) -> None:
    try:
        found = parse(written(document), ["auc"], WHERE)
    except UserCodeFailedError:
        return
    assert found["auc"].value is not None
