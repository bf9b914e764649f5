"""Search expressions as a logic: laws that hold for every document and every filter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.search_expression import parse
from agent.cloud.sagemaker.search_property import Kind, property_of

RECORDS = botocore.session.get_session().get_service_model("sagemaker").shape_for("SearchRecord").members
JOB = RECORDS["TrainingJob"]
Document = dict[str, Any]
Filter = dict[str, str]

STATUSES = ["InProgress", "Completed", "Failed"]
NUMBERS = st.integers(-3, 3)
MOMENTS = st.integers(0, 3).map(lambda hour: datetime(2026, 1, 1, hour, tzinfo=UTC))
CHANNELS = st.fixed_dictionaries(
    {"ChannelName": st.sampled_from("ab")}, optional={"ContentType": st.sampled_from("xy")}
)
DOCUMENTS = st.fixed_dictionaries(
    {"TrainingJobName": st.text("ab", min_size=1, max_size=3)},
    optional={
        "TrainingJobStatus": st.sampled_from(STATUSES),
        "BillableTimeInSeconds": NUMBERS,
        "CreationTime": MOMENTS,
        "EnableManagedSpotTraining": st.booleans(),
        "HyperParameters": st.dictionaries(st.sampled_from(["rate", "a.b"]), st.sampled_from(["1", "1.5", "-2", "x"])),
        "InputDataConfig": st.lists(CHANNELS, max_size=3),
        "FinalMetricDataList": st.lists(
            st.fixed_dictionaries({"MetricName": st.sampled_from(["auc"]), "Value": st.floats(0, 1)}), max_size=2
        ),
        "Tags": st.lists(
            st.fixed_dictionaries({"Key": st.sampled_from(["k", "k.l:m"]), "Value": st.sampled_from("pq")}), max_size=2
        ),
    },
)
TYPED = {
    "TrainingJobName": st.text("ab", min_size=1, max_size=3),
    "TrainingJobStatus": st.sampled_from(STATUSES),
    "BillableTimeInSeconds": NUMBERS.map(str),
    "CreationTime": MOMENTS.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S")),
    "EnableManagedSpotTraining": st.sampled_from(["true", "false"]),
    "HyperParameters.rate": st.sampled_from(["1", "1.0", "1.5", "x"]),
    "HyperParameters.a.b": st.sampled_from(["1", "-2", "x"]),
    "InputDataConfig.ChannelName": st.sampled_from("abc"),
    "Metrics.auc": st.sampled_from(["0", "0.5", "1"]),
    "Tags.k.l:m": st.sampled_from("pqr"),
}
PROPERTIES = st.sampled_from(sorted(TYPED))
EQUALITY = st.sampled_from(["Equals", "NotEquals"])
ORDER = {"GreaterThan": "LessThanOrEqualTo", "GreaterThanOrEqualTo": "LessThan"}
ORDERED = st.sampled_from(["BillableTimeInSeconds", "CreationTime"])


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    name = draw(PROPERTIES)
    return {"Name": name, "Operator": draw(EQUALITY), "Value": draw(TYPED[name])}


def holds(document: Document, *given_filters: Filter, **expression: Any) -> bool:
    filters = {"Filters": list(given_filters)} if given_filters else {}
    return parse({**filters, **expression}, JOB)(document)


def one(name: str, operator: str, value: str = "") -> Filter:
    return {"Name": name, "Operator": operator} | ({"Value": value} if value else {})


@given(DOCUMENTS, PROPERTIES, st.data())
def test_not_equals_is_the_opposite_of_equals(document: Document, name: str, data: st.DataObject) -> None:
    value = data.draw(TYPED[name])
    assert holds(document, one(name, "Equals", value)) != holds(document, one(name, "NotEquals", value))


@given(DOCUMENTS, PROPERTIES)
def test_not_exists_is_the_opposite_of_exists(document: Document, name: str) -> None:
    assert holds(document, one(name, "Exists")) != holds(document, one(name, "NotExists"))


@given(DOCUMENTS, PROPERTIES, st.data())
def test_what_equals_something_exists(document: Document, name: str, data: st.DataObject) -> None:
    equal = holds(document, one(name, "Equals", data.draw(TYPED[name])))
    assert holds(document, one(name, "Exists")) or not equal


@given(DOCUMENTS, ORDERED, st.sampled_from(sorted(ORDER)), st.data())
def test_orders_are_opposites_where_there_is_a_value(
    document: Document, name: str, operator: str, data: st.DataObject
) -> None:
    value = data.draw(TYPED[name])
    either = [holds(document, one(name, each, value)) for each in (operator, ORDER[operator])]
    assert sum(either) == (name in document)


@given(DOCUMENTS, ORDERED, st.data())
def test_at_least_is_more_or_equal(document: Document, name: str, data: st.DataObject) -> None:
    value = data.draw(TYPED[name])
    more, equal = holds(document, one(name, "GreaterThan", value)), holds(document, one(name, "Equals", value))
    assert holds(document, one(name, "GreaterThanOrEqualTo", value)) == (more or equal)


@given(DOCUMENTS, st.lists(st.sampled_from(STATUSES), min_size=1))
def test_in_is_equality_with_any(document: Document, values: list[str]) -> None:
    equal = [holds(document, one("TrainingJobStatus", "Equals", value)) for value in values]
    assert holds(document, one("TrainingJobStatus", "In", ",".join(values))) == any(equal)


@given(DOCUMENTS, st.text("ab", min_size=1, max_size=3))
def test_contains_is_part_of_the_text(document: Document, part: str) -> None:
    assert holds(document, one("TrainingJobName", "Contains", part)) == (part in document["TrainingJobName"])


@given(DOCUMENTS, st.lists(filters(), min_size=1, max_size=4))
def test_and_needs_all_and_or_needs_any(document: Document, each: list[Filter]) -> None:
    alone = [holds(document, one_filter) for one_filter in each]
    assert holds(document, *each) == holds(document, *each, Operator="And") == all(alone)
    assert holds(document, *each, Operator="Or") == any(alone)


@given(DOCUMENTS, st.lists(filters(), min_size=1, max_size=3), st.sampled_from(["And", "Or"]))
def test_an_expression_means_the_same_inside_another(document: Document, each: list[Filter], operator: str) -> None:
    expression = {"Filters": each, "Operator": operator}
    assert parse({"SubExpressions": [expression]}, JOB)(document) == parse(expression, JOB)(document)


@given(DOCUMENTS, st.sampled_from("ab"), st.sampled_from("xy"))
def test_a_nested_filter_holds_for_one_item(document: Document, channel: str, content: str) -> None:
    both = [
        one("InputDataConfig.ChannelName", "Equals", channel),
        one("InputDataConfig.ContentType", "Equals", content),
    ]
    nested = {"NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": both}]}
    expected = {"ChannelName": channel, "ContentType": content} in document.get("InputDataConfig", [])
    assert parse(nested, JOB)(document) == expected
    assert holds(document, *both) or not expected


@pytest.mark.parametrize(
    ("value", "wanted", "operator", "expected"),
    [
        ("0.5", "0.50", "Equals", True),
        ("0.5", "0.4", "GreaterThan", True),
        ("1.9", "1", "Equals", True),
        ("1.9", "1.0", "Equals", False),
        ("-1.9", "-1", "Equals", True),
        ("text", "text", "Equals", True),
        ("text", "1", "GreaterThan", False),
        ("text", "1", "NotEquals", True),
        ("1", "text", "LessThan", False),
        ("inf", "1", "GreaterThan", False),
        ("nan", "1.0", "Equals", False),
    ],
)
def test_hyperparameters_count_as_numbers_against_numbers(
    value: str, wanted: str, operator: str, expected: bool
) -> None:
    """Filter: decimal hyperparameters "are treated as integers" against an integer."""
    assert holds({"HyperParameters": {"x": value}}, one("HyperParameters.x", operator, wanted)) is expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("TrainingJobName", Kind.TEXT),
        ("CreationTime", Kind.MOMENT),
        ("BillableTimeInSeconds", Kind.NUMBER),
        ("EnableManagedSpotTraining", Kind.BOOLEAN),
        ("HyperParameters.learning_rate", Kind.PARAMETER),
        ("Metrics.validation:auc", Kind.NUMBER),
        ("Tags.project", Kind.TEXT),
        ("ResourceConfig", Kind.COMPOSITE),
        ("ResourceConfig.InstanceType", Kind.TEXT),
        ("InputDataConfig.DataSource.S3DataSource.S3Uri", Kind.TEXT),
    ],
)
def test_a_property_has_the_type_of_its_member(name: str, kind: Kind) -> None:
    assert property_of(JOB, name).kind is kind


@pytest.mark.parametrize("name", ["Colour", "ResourceConfig.Colour", "TrainingJobName.x", ".", "Tags", "", "a..b"])
def test_a_property_that_no_job_has_is_refused_or_is_a_whole(name: str) -> None:
    if name in {"Tags", ""}:
        assert property_of(JOB, name).kind is Kind.COMPOSITE
    else:
        with pytest.raises(AwsError, match="Unknown property name"):
            property_of(JOB, name)


def test_an_expression_has_at_most_fifty_conditions() -> None:
    """Search: "The maximum number of recursive SubExpressions, NestedFilters, and Filters ... is 50"."""
    twenty = {"Filters": [one("TrainingJobName", "Exists")] * 20}
    parse({"SubExpressions": [twenty] * 2}, JOB)
    with pytest.raises(AwsError, match="at most 50"):
        parse({"SubExpressions": [twenty] * 3}, JOB)
