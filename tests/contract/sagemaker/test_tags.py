"""Tags of SageMaker's resources.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html, API_ListTags.html, API_DeleteTags.html and
API_Tag.html; https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html for ``aws:``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory

Tags = dict[str, str]
DENIED = "AccessDeniedException"


class Tagged:
    """A resource with tags: a model package group, because that is the quickest to make."""

    def __init__(self, sagemaker: Any, name: str, tags: Tags | None = None) -> None:
        self.sagemaker = sagemaker
        self.name = name
        given = {"Tags": members(tags)} if tags else {}
        answer = sagemaker.create_model_package_group(ModelPackageGroupName=name, **given)
        self.arn = str(answer["ModelPackageGroupArn"])

    @property
    def tags(self) -> Tags:
        pages = self.sagemaker.get_paginator("list_tags").paginate(ResourceArn=self.arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    def add(self, tags: Tags) -> Tags:
        answer = self.sagemaker.add_tags(ResourceArn=self.arn, Tags=members(tags))
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}

    def remove(self, *keys: str) -> None:
        self.sagemaker.delete_tags(ResourceArn=self.arn, TagKeys=list(keys))


def members(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def make(client: ClientFactory, unique: Callable[[str], str]) -> Callable[..., Tagged]:
    return lambda tags=None: Tagged(client("sagemaker"), unique("tagged"), tags)


def test_a_resource_has_the_tags_it_was_created_with(make: Callable[..., Tagged]) -> None:
    assert make({"project": "iris", "empty": ""}).tags == {"project": "iris", "empty": ""}


def test_tags_are_added_and_overwritten(make: Callable[..., Tagged]) -> None:
    """AddTags: "Adds or overwrites one or more tags"."""
    resource = make({"kept": "1", "overwritten": "1"})
    expected = {"kept": "1", "overwritten": "2", "added": "2"}
    assert resource.add({"overwritten": "2", "added": "2"}) == expected
    assert resource.tags == expected


def test_tags_are_removed_and_absent_ones_ignored(make: Callable[..., Tagged]) -> None:
    resource = make({"kept": "1", "removed": "1"})
    resource.remove("removed", "absent")
    assert resource.tags == {"kept": "1"}


def test_the_last_tag_can_be_removed(make: Callable[..., Tagged]) -> None:
    resource = make({"only": "1"})
    resource.remove("only")
    assert resource.tags == {}


def test_keys_differ_by_case(make: Callable[..., Tagged]) -> None:
    assert make({"Key": "1", "key": "2"}).tags == {"Key": "1", "key": "2"}


@pytest.mark.parametrize(
    "key", ["a b", "é", "漢字", "a:b", "a/b=c+d-e@f_g.h", "9", " ", "K" * 128], ids=lambda key: key[:8]
)
def test_keys_and_values_may_have_awss_characters(make: Callable[..., Tagged], key: str) -> None:
    """Tag: letters, spaces and numbers of any script, and ``_ . : / = + - @``."""
    assert make({key: f"{key} {key}"[:256]}).tags == {key: f"{key} {key}"[:256]}


@pytest.mark.parametrize(
    "tag", [{"a#": "1"}, {"a": "1!"}, {"a\t": "1"}, {"": "1"}, {"K" * 129: "1"}, {"a": "v" * 257}], ids=str
)
def test_other_characters_and_lengths_are_refused(make: Callable[..., Tagged], tag: Tags) -> None:
    resource = make()
    with pytest.raises((ClientError, ParamValidationError)):
        resource.add(tag)
    assert resource.tags == {}


@pytest.mark.parametrize("key", ["aws:project", "AWS:project", "aws:"])
def test_keys_that_aws_keeps_for_itself_are_refused(make: Callable[..., Tagged], key: str) -> None:
    resource = make()
    assert code_of(lambda: resource.add({key: "1"})) == "ValidationException"
    assert code_of(lambda: make({key: "1"})) == "ValidationException"


def test_a_resource_is_not_created_with_tags_that_are_refused(
    client: ClientFactory, unique: Callable[[str], str]
) -> None:
    name = unique("tagged")
    assert code_of(lambda: Tagged(client("sagemaker"), name, {"aws:project": "1"})) == "ValidationException"
    Tagged(client("sagemaker"), name)


def test_a_resource_has_at_most_fifty_tags(make: Callable[..., Tagged]) -> None:
    """AddTags: ResourceLimitExceeded."""
    resource = make({f"key-{n}": "" for n in range(50)})
    resource.add({"key-0": "overwritten"})
    assert code_of(lambda: resource.add({"one-more": ""})) == "ResourceLimitExceeded"
    assert len(resource.tags) == 50


def test_a_resource_that_does_not_exist_has_no_tags_to_speak_of(make: Callable[..., Tagged]) -> None:
    resource = make({"a": "1"})
    resource.sagemaker.delete_model_package_group(ModelPackageGroupName=resource.name)
    for call in (lambda: resource.tags, lambda: resource.add({"a": "1"}), lambda: resource.remove("a")):
        assert code_of(call) == "ValidationException"


def test_a_new_resource_of_that_name_begins_without_tags(client: ClientFactory, make: Callable[..., Tagged]) -> None:
    resource = make({"a": "1"})
    resource.sagemaker.delete_model_package_group(ModelPackageGroupName=resource.name)
    assert Tagged(resource.sagemaker, resource.name).tags == {}


def test_another_accounts_resource_is_not_tagged(client: ClientFactory, make: Callable[..., Tagged]) -> None:
    resource = make()
    stranger = client("sagemaker", "qa")
    tags = members({"a": "1"})
    assert code_of(lambda: stranger.add_tags(ResourceArn=resource.arn, Tags=tags)) in {"ValidationException", DENIED}
    assert resource.tags == {}


def test_policies_decide_by_the_tags_of_requests_and_resources(
    cloud: EmbeddedCloud, make: Callable[..., Tagged], unique: Callable[[str], str]
) -> None:
    """Service Authorization Reference: ``aws:RequestTag`` on creation, ``aws:ResourceTag`` afterwards."""
    mine, others = make({"team": "a"}), make({"team": "b"})
    iam, user = cloud.client("iam"), unique("user")
    statements = [
        {"Effect": "Allow", "Action": "sagemaker:DescribeModelPackageGroup", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}},
        {"Effect": "Allow", "Action": ["sagemaker:AddTags", "sagemaker:CreateModelPackageGroup"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}},
    ]  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="tags", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    limited = cloud.client(
        "sagemaker", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )

    def create(**more: Any) -> None:
        limited.create_model_package_group(ModelPackageGroupName=unique("created"), **more)

    limited.describe_model_package_group(ModelPackageGroupName=mine.name)
    assert code_of(lambda: limited.describe_model_package_group(ModelPackageGroupName=others.name)) == DENIED
    create(Tags=members({"team": "a"}))
    assert code_of(create) == DENIED
    assert code_of(lambda: create(Tags=members({"team": "b"}))) == DENIED
