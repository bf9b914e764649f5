"""Model package groups and packages, within an account and across two.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/ has the page of each operation named here; what accounts
may share is in the developer guide, "Deploy a model version from a different account".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import create_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import ClientFactory

Members = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Registry:
    """One group with a client of its account, and the shortest way to a version in it."""

    sagemaker: Any
    group: str
    image: str
    data: str

    def register(self, **members: Any) -> str:
        request = {"ModelPackageGroupName": self.group, "InferenceSpecification": self.specification(), **members}
        return str(self.sagemaker.create_model_package(**request)["ModelPackageArn"])

    def specification(self, **container: Any) -> Members:
        return {
            "Containers": [{"Image": self.image, "ModelDataUrl": self.data, **container}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }

    def describe(self, package: str) -> Members:
        return dict(self.sagemaker.describe_model_package(ModelPackageName=package))

    def versions(self, **members: Any) -> list[int]:
        listed = self.sagemaker.list_model_packages(ModelPackageGroupName=self.group, **members)
        return [summary["ModelPackageVersion"] for summary in listed["ModelPackageSummaryList"]]


@pytest.fixture
def registry(client: ClientFactory, unique: Callable[[str], str], bucket: str, image: str, artifact: str) -> Registry:
    sagemaker = client("sagemaker")
    group = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=group, ModelPackageGroupDescription="A description.")
    return Registry(sagemaker=sagemaker, group=group, image=image, data=artifact)


@pytest.fixture(scope="module")
def artifact(client: ClientFactory, bucket: str) -> str:
    """The S3 URI of something that could be a model."""
    client("s3").put_object(Bucket=bucket, Key="packages/model.tar.gz", Body=b"")
    return f"s3://{bucket}/packages/model.tar.gz"


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """Code and message of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


def test_a_group_is_described_as_it_was_created(registry: Registry, region: str, account_id: str) -> None:
    """CreateModelPackageGroup, DescribeModelPackageGroup."""
    found = registry.sagemaker.describe_model_package_group(ModelPackageGroupName=registry.group)
    assert found["ModelPackageGroupArn"] == (
        f"arn:aws:sagemaker:{region}:{account_id}:model-package-group/{registry.group}"
    )
    assert found["ModelPackageGroupStatus"] == "Completed"
    assert found["ModelPackageGroupDescription"] == "A description."
    assert {"CreationTime", "CreatedBy"} <= found.keys()


def test_a_group_is_also_described_by_its_arn(registry: Registry) -> None:
    """DescribeModelPackageGroup: "The name of the model group", which may be an ARN."""
    arn = registry.sagemaker.describe_model_package_group(ModelPackageGroupName=registry.group)["ModelPackageGroupArn"]
    found = registry.sagemaker.describe_model_package_group(ModelPackageGroupName=arn)
    assert found["ModelPackageGroupName"] == registry.group


def test_a_second_group_of_that_name_is_refused(registry: Registry) -> None:
    """CreateModelPackageGroup."""
    code, message = refused(lambda: registry.sagemaker.create_model_package_group(ModelPackageGroupName=registry.group))
    assert code == "ValidationException"
    assert message.startswith("Model Package Group already exists: arn:aws:sagemaker:")


def test_an_absent_group_is_a_validation_error(registry: Registry, unique: Callable[[str], str]) -> None:
    """DescribeModelPackageGroup."""
    absent = unique("absent")
    code, message = refused(lambda: registry.sagemaker.describe_model_package_group(ModelPackageGroupName=absent))
    assert (code, message.endswith(f"{absent} does not exist.")) == ("ValidationException", True)


def test_groups_are_listed_by_part_of_their_name(registry: Registry) -> None:
    """ListModelPackageGroups: NameContains."""
    part = registry.group.removeprefix("group-")
    listed = registry.sagemaker.list_model_package_groups(NameContains=part)["ModelPackageGroupSummaryList"]
    assert [summary["ModelPackageGroupName"] for summary in listed] == [registry.group]


def test_a_group_with_versions_cannot_be_deleted(registry: Registry) -> None:
    """DeleteModelPackageGroup: ConflictException."""
    arn = registry.register()
    assert refused(lambda: registry.sagemaker.delete_model_package_group(ModelPackageGroupName=registry.group))[0] == (
        "ConflictException"
    )
    registry.sagemaker.delete_model_package(ModelPackageName=arn)
    registry.sagemaker.delete_model_package_group(ModelPackageGroupName=registry.group)
    assert (
        refused(lambda: registry.sagemaker.describe_model_package_group(ModelPackageGroupName=registry.group))[0]
        == "ValidationException"
    )


def test_versions_count_from_one(registry: Registry, region: str, account_id: str) -> None:
    """CreateModelPackage: "a model that is part of a model group in the model registry"."""
    arns = [registry.register() for _ in range(3)]
    prefix = f"arn:aws:sagemaker:{region}:{account_id}:model-package/{registry.group}"
    assert arns == [f"{prefix}/1", f"{prefix}/2", f"{prefix}/3"]


def test_the_number_of_a_deleted_version_never_comes_back(registry: Registry) -> None:
    """DeleteModelPackage."""
    registry.register()
    registry.sagemaker.delete_model_package(ModelPackageName=registry.register())
    assert registry.register().endswith("/3")
    assert registry.versions() == [1, 3]


def test_a_version_waits_for_approval_unless_told_otherwise(registry: Registry) -> None:
    """CreateModelPackage: ModelApprovalStatus."""
    assert registry.describe(registry.register())["ModelApprovalStatus"] == "PendingManualApproval"
    assert registry.describe(registry.register(ModelApprovalStatus="Approved"))["ModelApprovalStatus"] == "Approved"


def test_a_version_is_described_as_it_was_registered(registry: Registry) -> None:
    """DescribeModelPackage."""
    given: Members = {
        "ModelPackageDescription": "The first.",
        "CustomerMetadataProperties": {"auc": "0.91"},
        "MetadataProperties": {"CommitId": "0123456", "Repository": "https://example.com/iris.git"},
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": registry.data}},
        },
        "DriftCheckBaselines": {
            "ModelQuality": {"Constraints": {"ContentType": "application/json", "S3Uri": registry.data}},
        },
        "SkipModelValidation": "All",
        "Domain": "MACHINE_LEARNING",
        "Task": "CLASSIFICATION",
    }
    found = registry.describe(registry.register(**given))
    assert {name: found[name] for name in given} == given
    assert found["ModelPackageStatus"] == "Completed"
    assert found["ModelPackageStatusDetails"]["ValidationStatuses"] == []
    assert (found["ModelPackageGroupName"], found["ModelPackageVersion"]) == (registry.group, 1)
    (container,) = found["InferenceSpecification"]["Containers"]
    assert (container["Image"], container["ModelDataUrl"]) == (registry.image, registry.data)
    assert container["ImageDigest"] == registry.image.partition("@")[2]


def test_a_version_belongs_to_a_group_that_exists(registry: Registry, unique: Callable[[str], str]) -> None:
    """CreateModelPackage."""
    code, message = refused(lambda: registry.register(ModelPackageGroupName=unique("absent")))
    assert (code, message.endswith("does not exist.")) == ("ValidationException", True)


def test_a_package_is_in_a_group_or_has_a_name(registry: Registry, unique: Callable[[str], str]) -> None:
    """CreateModelPackage: ModelPackageName "is not applicable to versioned models"."""
    code, message = refused(lambda: registry.register(ModelPackageName=unique("named")))
    assert code == "ValidationException"
    assert message.startswith("Both ModelPackageName and ModelPackageGroupName are provided in the input.")


def test_a_package_with_neither_name_nor_group_is_refused(registry: Registry) -> None:
    """CreateModelPackage."""
    specification = registry.specification()
    assert refused(lambda: registry.sagemaker.create_model_package(InferenceSpecification=specification))[0] == (
        "ValidationException"
    )


def test_a_version_has_its_groups_tags_and_none_of_its_own(registry: Registry) -> None:
    """CreateModelPackage: "In this case, you cannot supply a tag argument"."""
    assert refused(lambda: registry.register(Tags=[{"Key": "a", "Value": "b"}]))[0] == "ValidationException"


def test_a_repeated_request_with_its_token_registers_once(registry: Registry, unique: Callable[[str], str]) -> None:
    """CreateModelPackage: ClientToken."""
    token = unique("token")
    assert registry.register(ClientToken=token) == registry.register(ClientToken=token)
    assert registry.versions() == [1]


def test_approval_is_given_with_its_reason(registry: Registry) -> None:
    """UpdateModelPackage."""
    arn = registry.register()
    answer = registry.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="Better than the champion."
    )
    found = registry.describe(arn)
    assert answer["ModelPackageArn"] == arn
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "Better than the champion.")
    assert found["LastModifiedTime"] >= found["CreationTime"]


def test_properties_are_added_replaced_and_removed(registry: Registry) -> None:
    """UpdateModelPackage: CustomerMetadataProperties, CustomerMetadataPropertiesToRemove."""
    arn = registry.register(CustomerMetadataProperties={"kept": "1", "replaced": "1", "removed": "1"})
    registry.sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"replaced": "2", "added": "2"},
        CustomerMetadataPropertiesToRemove=["removed"],
    )
    assert registry.describe(arn)["CustomerMetadataProperties"] == {"kept": "1", "replaced": "2", "added": "2"}


def test_inference_specifications_are_added_under_names_of_their_own(registry: Registry) -> None:
    """UpdateModelPackage: AdditionalInferenceSpecificationsToAdd."""
    arn = registry.register()
    additional = [{"Name": "compiled", "Containers": [{"Image": registry.image}]}]

    def add() -> None:
        registry.sagemaker.update_model_package(ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=additional)

    add()
    found = registry.describe(arn)["AdditionalInferenceSpecifications"]
    assert [specification["Name"] for specification in found] == ["compiled"]
    assert refused(add)[0] == "ValidationException"


def test_versions_are_listed_by_approval(registry: Registry) -> None:
    """ListModelPackages: ModelApprovalStatus, which is how the newest approved version is found."""
    for status in ("Approved", "Rejected", "Approved", "PendingManualApproval"):
        registry.register(ModelApprovalStatus=status)
    newest_first = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    assert registry.versions(ModelApprovalStatus="Approved", **newest_first) == [3, 1]
    assert registry.versions(ModelApprovalStatus="Approved", MaxResults=1, **newest_first) == [3]
    assert registry.versions(ModelApprovalStatus="Rejected") == [2]


def test_versions_are_paged(registry: Registry) -> None:
    """ListModelPackages: MaxResults and NextToken, ascending by creation unless told otherwise."""
    for _ in range(5):
        registry.register()
    paginator = registry.sagemaker.get_paginator("list_model_packages")
    pages = list(paginator.paginate(ModelPackageGroupName=registry.group, PaginationConfig={"PageSize": 2}))
    found = [[summary["ModelPackageVersion"] for summary in page["ModelPackageSummaryList"]] for page in pages]
    assert found == [[1, 2], [3, 4], [5]]


def test_packages_are_described_in_one_batch(registry: Registry) -> None:
    """BatchDescribeModelPackage: what is there, and an error for what is not."""
    arn = registry.register()
    absent = f"{arn}0"
    answer = registry.sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, absent])
    assert answer["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert answer["BatchDescribeModelPackageErrorMap"][absent]["ErrorCode"] == "ValidationException"


@dataclass(frozen=True, kw_only=True)
class Unversioned:
    """A package of its own name."""

    sagemaker: Any
    name: str
    request: Members


@pytest.fixture
def unversioned(registry: Registry, unique: Callable[[str], str]) -> Unversioned:
    name = unique("package")
    specification = registry.specification() | {
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
    }
    request = {"ModelPackageName": name, "InferenceSpecification": specification}
    return Unversioned(sagemaker=registry.sagemaker, name=name, request=request)


def test_a_package_without_a_group_is_found_by_its_name(unversioned: Unversioned) -> None:
    """CreateModelPackage: "Unversioned - a model package that is not part of a model group"."""
    arn = unversioned.sagemaker.create_model_package(**unversioned.request)["ModelPackageArn"]
    found = unversioned.sagemaker.describe_model_package(ModelPackageName=unversioned.name)
    assert (found["ModelPackageArn"], found["ModelPackageName"]) == (arn, unversioned.name)
    assert not found.keys() & {"ModelApprovalStatus", "ModelPackageVersion", "ModelPackageGroupName"}
    listed = unversioned.sagemaker.list_model_packages(NameContains=unversioned.name)["ModelPackageSummaryList"]
    assert [summary["ModelPackageArn"] for summary in listed] == [arn]
    unversioned.sagemaker.delete_model_package(ModelPackageName=unversioned.name)
    code, message = refused(lambda: unversioned.sagemaker.describe_model_package(ModelPackageName=unversioned.name))
    assert (code, message) == ("ValidationException", f"ModelPackage {arn} does not exist.")


@pytest.mark.parametrize(
    "missing", ["SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes", "SupportedContentTypes"]
)
def test_a_package_without_a_group_says_where_it_runs(unversioned: Unversioned, missing: str) -> None:
    """InferenceSpecification: "This parameter is required for unversioned models"."""
    specification = dict(unversioned.request["InferenceSpecification"])
    del specification[missing]
    request = unversioned.request | {"InferenceSpecification": specification}
    assert refused(lambda: unversioned.sagemaker.create_model_package(**request))[0] == "ValidationException"


def test_versions_and_others_are_listed_apart(registry: Registry, unversioned: Unversioned) -> None:
    """ListModelPackages: ModelPackageType."""
    version = registry.register()
    other = unversioned.sagemaker.create_model_package(**unversioned.request)["ModelPackageArn"]

    def listed(**members: Any) -> set[str]:
        pages = registry.sagemaker.get_paginator("list_model_packages").paginate(**members)
        return {summary["ModelPackageArn"] for page in pages for summary in page["ModelPackageSummaryList"]}

    both = {version, other}
    assert listed() & both == listed(ModelPackageType="Unversioned") & both == {other}
    assert listed(ModelPackageType="Versioned") & both == {version}
    assert listed(ModelPackageType="Both") & both == both


def test_changes_of_approval_are_announced(registry: Registry, client: ClientFactory) -> None:
    """EventBridge: "SageMaker Model Package State Change", on which pipelines deploy what was approved."""
    sqs, events = client("sqs"), client("events")
    queue = sqs.create_queue(QueueName=registry.group)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": as_policy({**statement, "Resource": arn})})
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [registry.group]},
    }
    events.put_rule(Name=registry.group, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=registry.group, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        package = registry.register()
        registry.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        registry.sagemaker.update_model_package(ModelPackageArn=package, ApprovalDescription="No change of approval.")
        told = [received(sqs, queue) for _ in range(2)]
        assert {event["detail"]["ModelApprovalStatus"] for event in told} == {"PendingManualApproval", "Approved"}
        assert [event["resources"] for event in told] == [[package], [package]]
        assert sqs.receive_message(QueueUrl=queue).get("Messages", []) == []
    finally:
        events.remove_targets(Rule=registry.group, Ids=["queue"])
        events.delete_rule(Name=registry.group)
        sqs.delete_queue(QueueUrl=queue)


def received(sqs: Any, queue: str) -> Members:
    """The next event in a queue, which it leaves."""
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return dict(json.loads(message["Body"]))


POLICIES = ("put_model_package_group_policy", "get_model_package_group_policy", "delete_model_package_group_policy")


def shared(registry: Registry, actions: list[str], principal: str) -> Members:
    arn = registry.sagemaker.describe_model_package_group(ModelPackageGroupName=registry.group)["ModelPackageGroupArn"]
    statement = {
        "Sid": "Share",
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": actions,
        "Resource": [arn, f"{arn.replace('model-package-group', 'model-package')}/*"],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_groups_policy_is_kept_and_forgotten(registry: Registry, account_id: str) -> None:
    """PutModelPackageGroupPolicy, GetModelPackageGroupPolicy, DeleteModelPackageGroupPolicy."""
    put, get, delete = (getattr(registry.sagemaker, name) for name in POLICIES)
    policy = json.dumps(shared(registry, ["sagemaker:DescribeModelPackage"], f"arn:aws:iam::{account_id}:root"))
    put(ModelPackageGroupName=registry.group, ResourcePolicy=policy)
    assert json.loads(get(ModelPackageGroupName=registry.group)["ResourcePolicy"]) == json.loads(policy)
    delete(ModelPackageGroupName=registry.group)
    for call in (get, delete):
        code, message = refused(lambda call=call: call(ModelPackageGroupName=registry.group))  # type: ignore[misc]
        assert code == "ValidationException"
        assert message.startswith("Cannot find resource policy for: ")


@pytest.mark.parametrize("policy", ["{", "[]", '"text"', "{}", '{"Statement": [{"Effect": "Allow"}]}'])
def test_what_is_no_policy_is_refused(registry: Registry, policy: str) -> None:
    """PutModelPackageGroupPolicy."""
    assert (
        refused(
            lambda: registry.sagemaker.put_model_package_group_policy(
                ModelPackageGroupName=registry.group, ResourcePolicy=policy
            )
        )[0]
        == "ValidationException"
    )


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """Another account that wants a version."""

    sagemaker: Any
    role: str

    def create_model(self, name: str, package: str) -> Members:
        container = {"ModelPackageName": package}
        return dict(self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role))


@pytest.fixture(scope="module")
def neighbour(client: ClientFactory, unique: Callable[[str], str], image: str, bucket: str) -> Neighbour:
    """The qa account, whose hosting role may read the bucket and pull the image."""
    role = create_role(client("iam", "qa"), unique("hosting"))
    read = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:GetObject"}
    pull = {
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    client("s3").put_bucket_policy(
        Bucket=bucket, Policy=as_policy({**read, "Resource": f"arn:aws:s3:::{bucket}/packages/*"})
    )
    repository = image.partition("/")[2].partition("@")[0]
    client("ecr").set_repository_policy(repositoryName=repository, policyText=as_policy(pull))
    return Neighbour(sagemaker=client("sagemaker", "qa"), role=role)


def as_policy(statement: Members) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


QA = "arn:aws:iam::222222222222:root"


def share(registry: Registry, *actions: str) -> None:
    policy = json.dumps(shared(registry, [f"sagemaker:{action}" for action in actions], QA))
    registry.sagemaker.put_model_package_group_policy(ModelPackageGroupName=registry.group, ResourcePolicy=policy)


def test_another_account_sees_nothing_that_is_not_shared(registry: Registry, neighbour: Neighbour) -> None:
    arn = registry.register()
    code, message = refused(lambda: neighbour.sagemaker.describe_model_package(ModelPackageName=arn))
    assert code == "AccessDeniedException"
    assert f"sagemaker:DescribeModelPackage on resource: {arn}" in message


def test_another_account_describes_what_the_group_shares(registry: Registry, neighbour: Neighbour) -> None:
    arn = registry.register()
    share(registry, "DescribeModelPackage")
    assert neighbour.sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageArn"] == arn


def test_another_account_lists_the_versions_of_a_shared_group(registry: Registry, neighbour: Neighbour) -> None:
    arn = registry.register()
    group = registry.sagemaker.describe_model_package_group(ModelPackageGroupName=registry.group)[
        "ModelPackageGroupArn"
    ]

    def listed() -> list[str]:
        answer = neighbour.sagemaker.list_model_packages(ModelPackageGroupName=group)
        return [summary["ModelPackageArn"] for summary in answer["ModelPackageSummaryList"]]

    assert refused(listed)[0] == "AccessDeniedException"
    share(registry, "ListModelPackages")
    assert listed() == [arn]


def test_another_account_registers_where_it_may(registry: Registry, neighbour: Neighbour) -> None:
    group = registry.sagemaker.describe_model_package_group(ModelPackageGroupName=registry.group)[
        "ModelPackageGroupArn"
    ]
    request = {"ModelPackageGroupName": group, "InferenceSpecification": registry.specification()}
    assert refused(lambda: neighbour.sagemaker.create_model_package(**request))[0] == "AccessDeniedException"
    share(registry, "CreateModelPackage")
    assert neighbour.sagemaker.create_model_package(**request)["ModelPackageArn"].endswith(f"{registry.group}/1")
    assert registry.versions() == [1]


def test_another_account_makes_a_model_of_a_shared_version(
    registry: Registry, neighbour: Neighbour, unique: Callable[[str], str]
) -> None:
    """CreateModel: the caller's own policies and the group's policy both have to allow it."""
    arn, name = registry.register(), unique("model")
    share(registry, "DescribeModelPackage")
    assert refused(lambda: neighbour.create_model(name, arn))[0] == "AccessDeniedException"
    share(registry, "DescribeModelPackage", "CreateModel")
    neighbour.create_model(name, arn)
    described = neighbour.sagemaker.describe_model(ModelName=name)
    assert described["PrimaryContainer"]["ModelPackageName"] == arn


def test_a_withdrawn_policy_denies_again(registry: Registry, neighbour: Neighbour) -> None:
    arn = registry.register()
    share(registry, "DescribeModelPackage")
    registry.sagemaker.delete_model_package_group_policy(ModelPackageGroupName=registry.group)
    assert refused(lambda: neighbour.sagemaker.describe_model_package(ModelPackageName=arn))[0] == (
        "AccessDeniedException"
    )


def test_an_absent_package_of_another_account_looks_like_one_that_is_not_shared(
    registry: Registry, neighbour: Neighbour
) -> None:
    absent = f"{registry.register()}9".replace(registry.group, f"{registry.group}x")
    assert refused(lambda: neighbour.sagemaker.describe_model_package(ModelPackageName=absent))[0] == (
        "AccessDeniedException"
    )
