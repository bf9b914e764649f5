"""Search over what exists.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html, API_SearchExpression.html, API_Filter.html,
API_NestedFilters.html and API_SearchRecord.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import ClientFactory

Members = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Versions 1 to 4 of a group: the odd ones are approved, ``auc`` grows, the last has a second container."""

    sagemaker: Any
    group: str

    def search(self, *filters: Members, **expression: Any) -> list[int]:
        """The versions of the group that satisfy an expression, ascending by creation."""
        own = {"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": self.group}
        asked = {"Filters": list(filters), **expression} if filters else expression
        narrowed = {"Filters": [own], "SubExpressions": [asked]} if asked else {"Filters": [own]}
        pages = self.sagemaker.get_paginator("search").paginate(
            Resource="ModelPackage", SearchExpression=narrowed, SortBy="CreationTime", SortOrder="Ascending"
        )
        return [record["ModelPackage"]["ModelPackageVersion"] for page in pages for record in page["Results"]]


@pytest.fixture(scope="module")
def corpus(client: ClientFactory, unique: Callable[[str], str], image: str, bucket: str) -> Corpus:
    sagemaker, group = client("sagemaker"), unique("search")
    client("s3").put_object(Bucket=bucket, Key="search/model.tar.gz", Body=b"")
    container = {"Image": image, "ModelDataUrl": f"s3://{bucket}/search/model.tar.gz"}
    second = {"Image": image, "ContainerHostname": "second"}
    sagemaker.create_model_package_group(
        ModelPackageGroupName=group, Tags=[{"Key": "project:name", "Value": "iris"}, {"Key": "empty", "Value": ""}]
    )
    for number in range(1, 5):
        sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelPackageDescription=f"Version {number} of it",
            ModelApprovalStatus="Approved" if number % 2 else "Rejected",
            CustomerMetadataProperties={"auc": f"0.{5 + number}", "leaves": str(number * 10)},
            InferenceSpecification={
                "Containers": [container, second] if number == 4 else [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
    return Corpus(sagemaker=sagemaker, group=group)


def name(name: str, operator: str | None = None, value: str | None = None) -> Members:
    """A filter."""
    members = {"Name": name, "Operator": operator, "Value": value}
    return {key: member for key, member in members.items() if member is not None}


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    return str(error["Message"])


@pytest.mark.parametrize(
    ("filters", "versions"),
    [
        ([], [1, 2, 3, 4]),
        ([name("ModelApprovalStatus", "Equals", "Approved")], [1, 3]),
        ([name("ModelApprovalStatus", value="Approved")], [1, 3]),
        ([name("ModelApprovalStatus", "NotEquals", "Approved")], [2, 4]),
        ([name("ModelApprovalStatus", "In", "Approved,PendingManualApproval")], [1, 3]),
        ([name("ModelPackageVersion", "GreaterThan", "2")], [3, 4]),
        ([name("ModelPackageVersion", "GreaterThanOrEqualTo", "2")], [2, 3, 4]),
        ([name("ModelPackageVersion", "LessThan", "2")], [1]),
        ([name("ModelPackageVersion", "LessThanOrEqualTo", "2")], [1, 2]),
        ([name("ModelPackageVersion", "Equals", "2")], [2]),
        ([name("ModelPackageDescription", "Contains", "3 of")], [3]),
        ([name("ApprovalDescription", "Exists")], []),
        ([name("ApprovalDescription", "NotExists")], [1, 2, 3, 4]),
        ([name("CreationTime", "GreaterThan", "2020-01-01T00:00:00")], [1, 2, 3, 4]),
        ([name("CreationTime", "LessThan", "2020-01-01T00:00:00")], []),
        ([name("CustomerMetadataProperties.auc", "GreaterThan", "0.75")], [3, 4]),
        ([name("CustomerMetadataProperties.auc", "Equals", "0.70")], [2]),
        ([name("CustomerMetadataProperties.leaves", "LessThan", "25")], [1, 2]),
        ([name("CustomerMetadataProperties.absent", "NotEquals", "1")], [1, 2, 3, 4]),
        ([name("InferenceSpecification.Containers.ContainerHostname", "Equals", "second")], [4]),
        ([name("ModelApprovalStatus", value="Approved"), name("ModelPackageVersion", "LessThan", "3")], [1]),
    ],
    ids=str,
)
def test_filters_select_by_type_and_operator(corpus: Corpus, filters: list[Members], versions: list[int]) -> None:
    assert corpus.search(*filters) == versions


def test_filters_are_joined_by_or_on_request(corpus: Corpus) -> None:
    """SearchExpression: Operator."""
    either = [name("ModelPackageVersion", "Equals", "1"), name("ModelPackageVersion", "Equals", "4")]
    assert corpus.search(*either, Operator="Or") == [1, 4]
    assert corpus.search(*either, Operator="And") == []


def test_expressions_nest(corpus: Corpus) -> None:
    """SearchExpression: SubExpressions."""
    approved = {"Filters": [name("ModelApprovalStatus", value="Approved")]}
    late = {"Filters": [name("ModelPackageVersion", "GreaterThan", "2")]}
    assert corpus.search(SubExpressions=[approved, late]) == [3]
    assert corpus.search(SubExpressions=[approved, late], Operator="Or") == [1, 3, 4]


def test_nested_filters_hold_for_one_item_of_a_list(corpus: Corpus) -> None:
    """NestedFilters: "satisfied if a single object in the list satisfies all"."""
    containers = "InferenceSpecification.Containers"

    def nested(*filters: Members) -> list[int]:
        return corpus.search(NestedFilters=[{"NestedPropertyName": containers, "Filters": list(filters)}])

    second, has_data = (
        name(f"{containers}.ContainerHostname", value="second"),
        name(f"{containers}.ModelDataUrl", "Exists"),
    )
    assert nested(second) == [4]
    assert nested(second, has_data) == []
    assert nested(has_data) == [1, 2, 3, 4]
    assert corpus.search(second, has_data) == [4]


@pytest.mark.parametrize(
    "expression",
    [
        {"Filters": [name("Colour", value="red")]},
        {"Filters": [name("ModelPackageVersion", "Equals", "two")]},
        {"Filters": [name("CreationTime", "LessThan", "yesterday")]},
        {"Filters": [name("ModelApprovalStatus", "GreaterThan", "Approved")]},
        {"Filters": [name("ModelPackageVersion", "Contains", "2")]},
        {"Filters": [name("ModelPackageVersion", "In", "1,2")]},
        {"Filters": [name("InferenceSpecification", "Equals", "x")]},
        {"Filters": [name("ModelPackageVersion", "Equals")]},
        {"Operator": "And"},
        {"NestedFilters": [{"NestedPropertyName": "Tags", "Filters": [name("ModelPackageVersion", value="1")]}]},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(corpus: Corpus, expression: Members) -> None:
    assert refusal(lambda: corpus.sagemaker.search(Resource="ModelPackage", SearchExpression=expression))


def test_contains_is_asked_once(corpus: Corpus) -> None:
    """Filter: "'CONTAINS' operator usage limit of 1 exceeded."."""
    twice = [name("ModelPackageDescription", "Contains", word) for word in ("Version", "of")]
    assert refusal(lambda: corpus.search(*twice)) == "'CONTAINS' operator usage limit of 1 exceeded."


def test_results_are_sorted_and_paged(corpus: Corpus) -> None:
    own = {"Filters": [name("ModelPackageGroupName", value=corpus.group)]}

    def page(**members: Any) -> tuple[list[int], str | None]:
        found = corpus.sagemaker.search(Resource="ModelPackage", SearchExpression=own, MaxResults=3, **members)
        versions = [record["ModelPackage"]["ModelPackageVersion"] for record in found["Results"]]
        return versions, found.get("NextToken")

    order: Members = {"SortBy": "ModelPackageVersion", "SortOrder": "Descending"}
    first, token = page(**order)
    assert first == [4, 3, 2]
    assert page(**order, NextToken=token) == ([1], None)
    assert page(SortBy="ModelPackageVersion", SortOrder="Ascending")[0] == [1, 2, 3]


def test_a_resource_is_found_by_its_tags(corpus: Corpus) -> None:
    """Filter: ``Tags.<key>``, whatever characters the key has."""
    expression = {
        "Filters": [name("Tags.project:name", value="iris"), name("ModelPackageGroupName", value=corpus.group)]
    }
    (found,) = corpus.sagemaker.search(Resource="ModelPackageGroup", SearchExpression=expression)["Results"]
    group = found["ModelPackageGroup"]
    assert group["ModelPackageGroupName"] == corpus.group
    assert {"Key": "project:name", "Value": "iris"} in group["Tags"]
    absent = {"Filters": [name("Tags.absent", "Exists"), name("ModelPackageGroupName", value=corpus.group)]}
    assert corpus.sagemaker.search(Resource="ModelPackageGroup", SearchExpression=absent)["Results"] == []


def test_visibility_conditions_hide_what_they_do_not_name(corpus: Corpus) -> None:
    """Search: VisibilityConditions."""
    expression = {"Filters": [name("ModelPackageGroupName", value=corpus.group)]}

    def found(value: str) -> int:
        conditions = [{"Key": "Tags.project:name", "Value": value}]
        return len(
            corpus.sagemaker.search(
                Resource="ModelPackageGroup", SearchExpression=expression, VisibilityConditions=conditions
            )["Results"]
        )

    assert (found("iris"), found("other")) == (1, 0)


def test_kinds_without_resources_have_no_results(corpus: Corpus) -> None:
    for kind in ("Experiment", "FeatureGroup", "Image", "Project"):
        assert corpus.sagemaker.search(Resource=kind)["Results"] == []


def test_another_account_finds_nothing_of_it(corpus: Corpus, client: ClientFactory) -> None:
    expression = {"Filters": [name("ModelPackageGroupName", value=corpus.group)]}
    assert client("sagemaker", "qa").search(Resource="ModelPackage", SearchExpression=expression)["Results"] == []


def test_training_jobs_are_found_by_hyperparameters_and_metrics(
    client: ClientFactory, unique: Callable[[str], str], role: str, bucket: str, image: str
) -> None:
    """Filter: ``HyperParameters.<name>`` and ``Metrics.<name>``."""
    bench = Workbench(sagemaker=client("sagemaker"), role=role, bucket=bucket, image=image)
    word = unique("job")
    algorithm = {
        "TrainingImage": image,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "validation:auc", "Regex": r"auc=([0-9.]+)"}],
    }
    for number, auc in enumerate(("0.7", "0.9")):
        orders = {"print": f"auc={auc}", "rate": f"0.{number}5"}
        bench.train(f"{word}-{number}", orders, AlgorithmSpecification=algorithm)
    for number in range(2):
        bench.ended_training(f"{word}-{number}")

    def found(*filters: Members) -> list[str]:
        expression = {"Filters": [name("TrainingJobName", "Contains", word), *filters]}
        answer = bench.sagemaker.search(
            Resource="TrainingJob", SearchExpression=expression, SortBy="TrainingJobName", SortOrder="Ascending"
        )
        return [record["TrainingJob"]["TrainingJobName"][-1] for record in answer["Results"]]

    assert found(name("TrainingJobStatus", value="Completed")) == ["0", "1"]
    assert found(name("Metrics.validation:auc", "GreaterThan", "0.8")) == ["1"]
    assert found(name("HyperParameters.rate", "LessThan", "0.1")) == ["0"]
    assert found(name("ResourceConfig.InstanceCount", "Equals", "1"), name("RoleArn", value=role)) == ["0", "1"]
