"""Gates on data say which rows and columns are wrong, by how much, and against what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.data_gates import Column, DataSchemaGate, LabelShiftGate, LeakageGate
from agent.gates import data_schema, label_shift, leakage
from agent.statistics.constraints import Examined, Violation
from agent.statistics.duplicates import SharedRows
from agent.statistics.feature_leaks import Feature
from agent.statistics.intervals import Estimate
from agent.statistics.labels import Shift

if TYPE_CHECKING:
    from agent.artifacts import Judgement

COLUMNS = {
    "age": Column(type="integer", min=0, max=120),
    "site": Column(type="text", values=("a", "b")),
}
RELEASE = "1a2b3c4d5e6f" + "0" * 52


def schema(*violations: Violation) -> Judgement:
    gate = DataSchemaGate(kind="data-schema", columns=COLUMNS)
    return data_schema.judge("sound", gate, Examined(rows=40, violations=violations), ("one.csv", "two.csv"), "s3://e")


def leaks(shared: SharedRows, best: Feature | None = None, **settings: Any) -> Judgement:
    return leakage.judge("apart", LeakageGate(kind="leakage", **settings), shared, best, "s3://e")


def auc(value: float, half: float) -> Estimate:
    return Estimate(
        value=value, deviation=0.01, low=value - half, high=value + half, level=0.95, rows=99, method="DeLong"
    )


def test_rows_that_are_as_declared_are_counted() -> None:
    verdict = schema()
    assert (verdict.passed, verdict.value, verdict.limit, verdict.sample_size) == (True, 0, 0, 40)
    assert verdict.reason == "all 40 rows of training are as declared in 2 columns (gate `sound`)"


@pytest.mark.parametrize(
    ("violation", "words"),
    [
        (
            Violation(column="age", broken="min", rows=3, file=1, row=17, held="-1"),
            "age is below 0 in 3 rows, first '-1' in row 17 of two.csv",
        ),
        (
            Violation(column="age", broken="max", rows=1, row=2, held="121"),
            "age is above 120 in 1 row, first '121' in row 2 of one.csv",
        ),
        (
            Violation(column="age", broken="type", rows=1, row=2, held="old"),
            "age is no integer in 1 row, first 'old' in row 2 of one.csv",
        ),
        (
            Violation(column="site", broken="values", rows=2, row=5, held="c"),
            "site is none of a, b in 2 rows, first 'c' in row 5 of one.csv",
        ),
        (
            Violation(column="age", broken="missing", rows=9, row=4),
            "age is missing in 9 rows, first in row 4 of one.csv",
        ),
        (
            Violation(column="age", broken="absent", rows=0, held="a, b"),
            "there is no column age in one.csv, whose columns are a, b",
        ),
        (Violation(column="sex", broken="undeclared", rows=0), "one.csv has the column sex, which is not declared"),
    ],
)
def test_each_violation_says_where_it_is(violation: Violation, words: str) -> None:
    verdict = schema(violation)
    assert (verdict.passed, verdict.value) == (False, 1)
    assert verdict.reason == f"1 constraint is violated in training: {words} (gate `sound`)"


def test_of_many_violations_the_first_few_are_told() -> None:
    one = Violation(column="age", broken="missing", rows=9, row=4)
    assert schema(*[one] * 7).reason.endswith("; and 2 more (gate `sound`)")


def test_shared_rows_are_counted_and_named_from_one() -> None:
    verdict = leaks(SharedRows(rows=2, of=50, examples=(0, 16)))
    assert (verdict.passed, verdict.value, verdict.limit, verdict.sample_size) == (False, 0.04, 0, 50)
    assert verdict.reason == (
        "2 of the 50 rows of evaluation are in training, too (a share of 0.04, at most 0): rows 1, 17 (gate `apart`)"
    )


def test_no_shared_row_passes_and_so_do_as_many_as_are_allowed() -> None:
    none = leaks(SharedRows(rows=0, of=50, examples=()))
    assert none.passed
    assert none.reason == "none of the 50 rows of evaluation is in training (gate `apart`)"
    assert leaks(SharedRows(rows=2, of=50, examples=(0, 1)), most_shared=0.04).passed


def test_a_feature_that_knows_the_label_is_named_with_its_interval() -> None:
    verdict = leaks(SharedRows(rows=0, of=9, examples=()), Feature(name="bill", auc=auc(0.995, 0.004)), most_auc=0.99)
    assert (verdict.passed, verdict.value, verdict.limit) == (False, 0.995, 0.99)
    assert verdict.interval is not None
    assert verdict.interval.low == pytest.approx(0.991)
    assert verdict.reason.startswith(
        "the feature bill alone tells the classes of training apart with an AUC of 0.995, more than 0.99; none of the 9"
    )


def test_features_that_cannot_be_measured_prove_nothing() -> None:
    unknown = Feature(name="ward", auc=auc(math.nan, math.nan))
    verdict = leaks(SharedRows(rows=0, of=9, examples=()), unknown, most_auc=0.99)
    assert (verdict.passed, verdict.value, verdict.conclusion) == (False, None, "not enough data")
    assert verdict.reason.startswith("not enough data to judge any feature alone: training has too few rows of a class")


def test_shared_rows_are_told_before_features() -> None:
    best = Feature(name="bill", auc=auc(1, math.nan))
    assert leaks(SharedRows(rows=1, of=9, examples=(3,)), best, most_auc=0.99).metric.startswith("share of held-out")


@pytest.mark.parametrize(("index", "passed", "words"), [(0.05, True, "at most"), (0.3, False, "more than")])
def test_a_shift_says_from_what_to_what(index: float, passed: bool, words: str) -> None:
    gate = LabelShiftGate(kind="label-shift", environment="prod")
    found = Shift(index=index, rows=(100, 200), bin="yes", shares=(0.1, 0.5))
    verdict = label_shift.judge("steady", gate, found, RELEASE, "s3://e")
    assert (verdict.passed, verdict.value, verdict.limit) == (passed, index, 0.25)
    assert verdict.reason == (
        f"the label of training has shifted by an index of {index:g}, {words} 0.25, against that of prod (release "
        "1a2b3c4d5e6f); the most for yes, from 0.1 of 100 rows to 0.5 of 200 (gate `steady`)"
    )


def test_the_first_model_has_nothing_to_shift_from() -> None:
    gate = LabelShiftGate(kind="label-shift", environment="prod")
    assert "nothing is deployed in prod" in label_shift.judge("steady", gate, None).reason
    assert "release 1a2b3c4d5e6f has no data set training" in label_shift.judge("steady", gate, None, RELEASE).reason
