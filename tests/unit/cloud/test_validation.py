"""Requests against AWS's service model: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.cloud import validation
from agent.cloud.errors import AwsError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MODEL = botocore.session.get_session().get_service_model("sagemaker")


def shape(operation: str) -> Any:
    return MODEL.operation_model(operation).input_shape


def accept(operation: str, request: Any) -> dict[str, Any]:
    """The request as a service sees it; raises AwsError."""
    read: dict[str, Any] = validation.read(shape(operation), request)
    validation.check(shape(operation), read)
    return read


def refusal(operation: str, request: Any) -> str:
    with pytest.raises(AwsError) as refused:
        accept(operation, request)
    return str(refused.value)


GROUP = {"ModelPackageGroupName": "iris"}


def test_a_proper_request_is_read_as_it_is() -> None:
    request = {**GROUP, "Tags": [{"Key": "a", "Value": "b"}]}
    assert accept("CreateModelPackageGroup", request) == request


def test_nulls_are_absent_members() -> None:
    assert accept("CreateModelPackageGroup", {**GROUP, "Tags": None}) == GROUP
    environment = {"ModelName": "m", "PrimaryContainer": {"Environment": {"A": None, "B": "b"}}}
    assert accept("CreateModel", environment)["PrimaryContainer"] == {"Environment": {"B": "b"}}


def test_unknown_members_are_ignored_wherever_they_are() -> None:
    request = {**GROUP, "Colour": "red", "Tags": [{"Key": "a", "Value": "b", "Colour": {}}]}
    assert accept("CreateModelPackageGroup", request) == {**GROUP, "Tags": [{"Key": "a", "Value": "b"}]}


def test_a_missing_member_is_null() -> None:
    assert refusal("CreateModelPackageGroup", {}) == (
        "ValidationException: 1 validation error detected: Value null at 'modelPackageGroupName' failed to satisfy "
        "constraint: Member must not be null"
    )


def test_every_violation_is_told_at_once() -> None:
    said = refusal("CreateModelPackageGroup", {"ModelPackageGroupName": "_", "Tags": [{"Key": "a"}, {"Value": "b"}]})
    assert said.startswith("ValidationException: 3 validation errors detected: Value '_' at 'modelPackageGroupName'")
    assert "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null" in said
    assert "Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null" in said


def test_an_unknown_choice_is_answered_with_the_choices() -> None:
    assert refusal("ListModels", {"SortBy": "Colour"}).endswith(
        "Value 'Colour' at 'sortBy' failed to satisfy constraint: Member must satisfy enum value set: "
        "[Name, CreationTime]"
    )


@pytest.mark.parametrize(
    ("number", "constraint"), [(0, "greater than or equal to 1"), (101, "less than or equal to 100")]
)
def test_numbers_have_bounds(number: int, constraint: str) -> None:
    assert refusal("ListModels", {"MaxResults": number}).endswith(
        f"Value '{number}' at 'maxResults' failed to satisfy constraint: Member must have value {constraint}"
    )


def test_a_map_is_refused_as_a_whole() -> None:
    said = refusal("CreateTrainingJob", {"HyperParameters": {"a": "1", "b": "x" * 2501}})
    assert "Value '{a=1, b=" in said
    constraints = (
        "Member must have length less than or equal to 2500, Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: .*"
    )
    assert (
        f"' at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [{constraints}]"
        in said
    )


def test_a_list_of_texts_is_refused_as_a_whole() -> None:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:model/m"
    assert "Value '[ok, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [" in refusal(
        "DeleteTags", {"ResourceArn": arn, "TagKeys": ["ok", ""]}
    )


@pytest.mark.parametrize(
    "request_",
    [
        {"MaxResults": "1"},
        {"MaxResults": 1.5},
        {"MaxResults": True},
        {"NameContains": 1},
        {"NameContains": ["a"]},
        {"NameContains": "\ud800"},
        {"CreationTimeAfter": "yesterday"},
        {"CreationTimeAfter": math.nan},
        {"CreationTimeAfter": math.inf},
        {"CreationTimeAfter": 1e300},
        {"CreationTimeAfter": True},
        {"CreationTimeAfter": {}},
        [],
        "text",
        None,
    ],
    ids=repr,
)
def test_what_the_protocol_cannot_carry_is_a_serialization_error(request_: Any) -> None:
    assert refusal("ListModels", request_).startswith("SerializationException: ")


@pytest.mark.parametrize("moment", [0, 1.5, 1_700_000_000, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01"])
def test_moments_are_seconds_or_iso_8601(moment: float | str) -> None:
    assert accept("ListModels", {"CreationTimeAfter": moment}) == {"CreationTimeAfter": moment}


@pytest.mark.parametrize("text", ["é", "漢字 and 😀 (¿)", "a b\u00a0c", "«x» €5 ½"])
def test_descriptions_have_any_printable_characters(text: str) -> None:
    request = {**GROUP, "ModelPackageGroupDescription": text}
    assert accept("CreateModelPackageGroup", request) == request


@pytest.mark.parametrize("text", ["a\nb", "\t", "\x00", "\x7f"])
def test_descriptions_have_no_control_characters(text: str) -> None:
    assert "regular expression" in refusal("CreateModelPackageGroup", {**GROUP, "ModelPackageGroupDescription": text})


def test_every_pattern_of_the_model_can_be_checked() -> None:
    for operation in MODEL.operation_names:
        for pattern in patterns(shape(operation), set()):
            validation._pattern(pattern)


def patterns(found: Any, seen: set[str]) -> set[str]:
    """Every pattern under a shape."""
    if found is None or found.name in seen:
        return set()
    seen.add(found.name)
    inner = {
        "structure": lambda: list(found.members.values()),
        "list": lambda: [found.member],
        "map": lambda: [found.key, found.value],
    }.get(found.type_name, list)()
    own = {found.metadata["pattern"]} if "pattern" in found.metadata else set()
    return own.union(*(patterns(each, seen) for each in inner))


JSON: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def likely(found: Any, depth: int = 0) -> SearchStrategy[Any]:
    """Values that are nearly what a shape asks for, so that checks deep inside are reached."""
    if found.type_name == "structure" and depth < 4:
        members = {name: likely(member, depth + 1) for name, member in found.members.items()}
        return st.fixed_dictionaries({}, optional=members) | JSON
    if found.type_name == "list" and depth < 4:
        return st.lists(likely(found.member, depth + 1), max_size=2) | JSON
    return {
        "string": st.sampled_from(found.metadata.get("enum", ["a", ""])) | st.text(max_size=3),
        "integer": st.integers(-1, 5),
        "long": st.integers(-1, 5),
        "boolean": st.booleans(),
    }.get(found.type_name, JSON) | JSON


OPERATIONS = ["CreateModel", "CreateModelPackage", "Search", "AddTags", "ListModelPackages", "CreateTrainingJob"]


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=300)
@given(st.sampled_from(OPERATIONS), st.data())
def test_any_json_is_accepted_or_refused_and_accepted_only_if_sdks_would_send_it(
    operation: str, data: st.DataObject
) -> None:
    request = data.draw(likely(shape(operation)))
    try:
        read = accept(operation, json.loads(json.dumps(request)))
    except AwsError:
        return
    report = ParamValidator().validate(read, shape(operation))
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


@given(st.sampled_from(OPERATIONS), st.data())
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
def test_reading_twice_changes_nothing(operation: str, data: st.DataObject) -> None:
    request = data.draw(likely(shape(operation)))
    try:
        read = validation.read(shape(operation), request)
    except AwsError:
        return
    assert validation.read(shape(operation), read) == read
