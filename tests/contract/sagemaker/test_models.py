"""Models: what CreateModel accepts and refuses, and what DescribeModel and ListModels tell.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html, API_ContainerDefinition.html,
API_DescribeModel.html, API_ListModels.html and API_DeleteModel.html.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import create_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory

Members = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Creates models of the test image."""

    sagemaker: Any
    role: str
    image: str
    data: str
    unique: Callable[[str], str]

    def container(self, **members: Any) -> Members:
        return {"Image": self.image, "ModelDataUrl": self.data, **members}

    def create(self, name: str = "", **members: Any) -> str:
        """Create a model and answer its name."""
        name = name or self.unique("model")
        request = {"ModelName": name, "ExecutionRoleArn": self.role, **members}
        self.sagemaker.create_model(**request)
        return name

    def describe(self, name: str) -> Members:
        return dict(self.sagemaker.describe_model(ModelName=name))


@pytest.fixture
def maker(client: ClientFactory, role: str, image: str, bucket: str, unique: Callable[[str], str]) -> Maker:
    client("s3").put_object(Bucket=bucket, Key="models/model.tar.gz", Body=b"")
    data = f"s3://{bucket}/models/model.tar.gz"
    return Maker(sagemaker=client("sagemaker"), role=role, image=image, data=data, unique=unique)


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """Code and message of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


def test_a_model_is_described_as_it_was_created(maker: Maker, region: str, account_id: str) -> None:
    name = maker.create(PrimaryContainer=maker.container(Environment={"THREADS": "2"}), EnableNetworkIsolation=True)
    found = maker.describe(name)
    assert found["ModelArn"] == f"arn:aws:sagemaker:{region}:{account_id}:model/{name}"
    assert found["ExecutionRoleArn"] == maker.role
    assert found["EnableNetworkIsolation"] is True
    primary = found["PrimaryContainer"]
    assert (primary["Image"], primary["ModelDataUrl"]) == (maker.image, maker.data)
    assert primary["Environment"] == {"THREADS": "2"}


def test_what_was_not_said_has_awss_defaults(maker: Maker) -> None:
    found = maker.describe(maker.create(PrimaryContainer=maker.container()))
    assert found["EnableNetworkIsolation"] is False
    assert found["PrimaryContainer"]["Mode"] == "SingleModel"
    assert "VpcConfig" not in found


def test_a_pipeline_keeps_the_order_of_its_containers(maker: Maker) -> None:
    containers = [maker.container(ContainerHostname=name) for name in ("first", "second", "third")]
    found = maker.describe(maker.create(Containers=containers))
    assert [container["ContainerHostname"] for container in found["Containers"]] == ["first", "second", "third"]


@pytest.mark.embedded_only("a subnet and a group of these names do not exist on AWS")
def test_arns_are_in_lower_case(maker: Maker) -> None:
    name = maker.create(maker.unique("Model"), PrimaryContainer=maker.container())
    assert maker.describe(name)["ModelName"] == name
    assert maker.describe(name)["ModelArn"].endswith(f"model/{name.lower()}")


def test_a_name_is_taken_once(maker: Maker) -> None:
    name = maker.create(PrimaryContainer=maker.container())
    code, message = refused(lambda: maker.create(name, PrimaryContainer=maker.container()))
    assert code == "ValidationException"
    assert message.startswith("Cannot create already existing model")


def test_a_deleted_model_is_gone(maker: Maker) -> None:
    name = maker.create(PrimaryContainer=maker.container())
    maker.sagemaker.delete_model(ModelName=name)
    for operation in (maker.sagemaker.describe_model, maker.sagemaker.delete_model):
        code, message = refused(lambda operation=operation: operation(ModelName=name))  # type: ignore[misc]
        assert (code, message.startswith("Could not find model")) == ("ValidationException", True)


def test_a_deleted_models_name_is_free_and_its_tags_are_gone(maker: Maker) -> None:
    name = maker.create(PrimaryContainer=maker.container(), Tags=[{"Key": "a", "Value": "b"}])
    maker.sagemaker.delete_model(ModelName=name)
    maker.create(name, PrimaryContainer=maker.container())
    assert maker.sagemaker.list_tags(ResourceArn=maker.describe(name)["ModelArn"])["Tags"] == []


REFUSED: dict[str, Callable[[Maker], Members]] = {
    "no container": lambda _: {},
    "no containers": lambda _: {"Containers": []},
    "both ways": lambda m: {"PrimaryContainer": m.container(), "Containers": [m.container()]},
    "neither image nor package": lambda m: {"PrimaryContainer": {"ModelDataUrl": m.data}},
    "image and package": lambda m: {"PrimaryContainer": m.container(ModelPackageName="package")},
    "data and package": lambda m: {"PrimaryContainer": {"ModelPackageName": "package", "ModelDataUrl": m.data}},
    "an absent package": lambda _: {"PrimaryContainer": {"ModelPackageName": "absent-package"}},
    "data twice": lambda m: {
        "PrimaryContainer": m.container(
            ModelDataSource={
                "S3DataSource": {"S3Uri": m.data, "S3DataType": "S3Object", "CompressionType": "Gzip"}
            }
        )
    },
    "equal host names": lambda m: {"Containers": [m.container(ContainerHostname="same")] * 2},
    "some host names": lambda m: {"Containers": [m.container(ContainerHostname="one"), m.container()]},
    "sixteen containers": lambda m: {"Containers": [m.container()] * 16},
    "direct with one": lambda m: {
        "Containers": [m.container(ContainerHostname="one")],
        "InferenceExecutionConfig": {"Mode": "Direct"},
    },
    "an image elsewhere": lambda m: {"PrimaryContainer": m.container(Image="docker.io/library/python:3")},
    "an image that is no name": lambda m: {"PrimaryContainer": m.container(Image="UPPER/CASE")},
    "a large environment": lambda m: {
        "PrimaryContainer": m.container(Environment={f"V{n}": "x" * 1024 for n in range(33)})
    },
    "data by ftp": lambda m: {"PrimaryContainer": m.container(ModelDataUrl="ftp://bucket/model.tar.gz")},
    "a network of many groups": lambda m: {
        "PrimaryContainer": m.container(), "VpcConfig": {"SecurityGroupIds": ["sg-1"] * 6, "Subnets": ["subnet-1"]},
    },
    "a role that is no arn": lambda m: {"PrimaryContainer": m.container(), "ExecutionRoleArn": "x" * 20},
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_makes_no_model_is_refused(maker: Maker, kind: str) -> None:
    name = maker.unique("refused")
    assert refused(lambda: maker.create(name, **REFUSED[kind](maker)))[0] == "ValidationException"
    assert refused(lambda: maker.describe(name))[0] == "ValidationException"


def test_a_malformed_name_is_refused_in_awss_words(maker: Maker) -> None:
    code, message = refused(lambda: maker.create("a_b", PrimaryContainer=maker.container()))
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value 'a_b' at 'modelName' failed to satisfy constraint: Member must satisfy "
        r"regular expression pattern: [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?"
    )


def test_a_role_that_does_not_exist_is_invalid(maker: Maker) -> None:
    absent = maker.role.rpartition("/")[0] + "/absent-role"
    code, message = refused(lambda: maker.create(PrimaryContainer=maker.container(), ExecutionRoleArn=absent))
    assert code == "ValidationException"
    assert message.startswith(f'The execution role ARN "{absent}" is invalid.')


def test_a_role_that_does_not_trust_sagemaker_is_invalid(maker: Maker, client: ClientFactory) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam, name = client("iam"), maker.unique("distrustful")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    try:
        assert refused(lambda: maker.create(PrimaryContainer=maker.container(), ExecutionRoleArn=arn))[0] == (
            "ValidationException"
        )
    finally:
        iam.delete_role(RoleName=name)


def test_an_artifact_that_is_not_there_is_told_before_anything_runs(maker: Maker) -> None:
    absent = f"{maker.data}.absent"
    code, message = refused(lambda: maker.create(PrimaryContainer=maker.container(ModelDataUrl=absent)))
    assert code == "ValidationException"
    assert message.startswith(f"Could not access model data at {absent}.")


def test_an_artifact_that_the_role_may_not_read_looks_like_one_that_is_not_there(
    maker: Maker, client: ClientFactory
) -> None:
    pull = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": pull, "Resource": "*"}]}
    role = create_role(client("iam"), maker.unique("unreading"), policy)
    message = refused(lambda: maker.create(PrimaryContainer=maker.container(), ExecutionRoleArn=role))[1]
    assert message.startswith(f'Could not access model data at {maker.data}. Please ensure that the role "{role}"')
    maker.create(PrimaryContainer={"Image": maker.image}, ExecutionRoleArn=role)


def test_uncompressed_artifacts_are_a_prefix_with_something_under_it(maker: Maker) -> None:
    def create(uri: str) -> str:
        source = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}
        container = {"Image": maker.image, "ModelDataSource": {"S3DataSource": source}}
        return maker.create(PrimaryContainer=container)

    create(f"{maker.data.rpartition('/')[0]}/")
    assert refused(lambda: create(f"{maker.data}/nothing/here/"))[0] == "ValidationException"


def test_an_image_that_is_not_there_is_told_before_anything_runs(maker: Maker) -> None:
    absent = maker.image[:-64] + "0" * 64
    code, message = refused(lambda: maker.create(PrimaryContainer={"Image": absent}))
    assert (code, message) == ("ValidationException", f"Requested image {absent} not found.")


def test_an_image_that_the_role_may_not_pull_is_refused(maker: Maker, client: ClientFactory) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}]}
    role = create_role(client("iam"), maker.unique("unpulling"), nothing)
    message = refused(lambda: maker.create(PrimaryContainer={"Image": maker.image}, ExecutionRoleArn=role))[1]
    assert role in message
    assert maker.image in message


def test_models_are_listed_newest_first(maker: Maker) -> None:
    word = maker.unique("list")
    for letter in "abc":
        maker.create(f"{word}-{letter}", PrimaryContainer=maker.container())
        time.sleep(0.01)

    def listed(**members: Any) -> list[str]:
        found = maker.sagemaker.list_models(NameContains=word, **members)["Models"]
        return [model["ModelName"].rpartition("-")[2] for model in found]

    assert listed() == ["c", "b", "a"]
    assert listed(SortOrder="Ascending") == ["a", "b", "c"]
    assert listed(SortBy="Name", SortOrder="Descending") == ["c", "b", "a"]
    assert listed(CreationTimeBefore=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert listed(CreationTimeAfter=datetime(2020, 1, 1, tzinfo=UTC)) == ["c", "b", "a"]


def test_a_list_is_paged(maker: Maker) -> None:
    word = maker.unique("page")
    for number in range(5):
        maker.create(f"{word}-{number}", PrimaryContainer=maker.container())
    pages = maker.sagemaker.get_paginator("list_models").paginate(
        NameContains=word, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [[model["ModelName"][-1] for model in page["Models"]] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]


def test_a_token_that_is_none_is_refused(maker: Maker) -> None:
    assert refused(lambda: maker.sagemaker.list_models(NextToken="bm9uZQ=="))[0] == "ValidationException"


def test_a_model_takes_the_specification_of_a_package_that_it_names(maker: Maker) -> None:
    group = maker.unique("group")
    maker.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    specification = {
        "Containers": [{"Image": maker.image, "ModelDataUrl": maker.data, "Environment": {"FROM": "package"}}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    package = maker.sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=specification)
    arn = package["ModelPackageArn"]
    found = maker.describe(maker.create(PrimaryContainer={"ModelPackageName": arn}))
    assert found["PrimaryContainer"]["ModelPackageName"] == arn
    absent = {"ModelPackageName": arn, "InferenceSpecificationName": "absent"}
    assert refused(lambda: maker.create(PrimaryContainer=absent))[0] == "ValidationException"


def test_models_of_another_region_are_not_here(maker: Maker, cloud: EmbeddedCloud) -> None:
    name = maker.create(PrimaryContainer=maker.container())
    elsewhere = cloud.client("sagemaker", region_name="eu-west-1")
    assert elsewhere.list_models(NameContains=name)["Models"] == []
    assert refused(lambda: elsewhere.describe_model(ModelName=name))[0] == "ValidationException"
