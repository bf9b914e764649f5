"""The end of a project: what goes, what stays, what is in the way, and what a second time does.

Pages: CloudFormation user guide, "DeletionPolicy attribute" and "Delete a stack"; IAM API reference, ``DeleteUser`` and
``DeletePolicy``; KMS API reference, ``ScheduleKeyDeletion``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from agent.bootstrap.destroy import destroy, look
from agent.bootstrap.orders import chosen, orders
from agent.bootstrap.removing import End, Extent
from agent.clock import SystemClock
from agent.errors import AccessDeniedError, UsageError
from agent.ports.kept import KeptKind
from tests.contract.bootstrap import work
from tests.contract.bootstrap.landscape import IDS, Landscape, Listener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bootstrap.removing import Removed
    from agent.bootstrap.survey import Survey

STACKS_ONLY = Extent()


def looked(landscape: Landscape, *labels: str) -> tuple[Survey, ...]:
    return look(landscape.configuration, chosen(orders(landscape.configuration), labels), landscape.administrator)


def ended(landscape: Landscape, extent: Extent = STACKS_ONLY, *labels: str) -> tuple[Removed, ...]:
    return destroy(looked(landscape, *labels), landscape.administrator, extent, clock=SystemClock(), report=Listener())


def ends(done: Sequence[Removed]) -> list[tuple[str, End]]:
    return [(each.survey.order.label, each.end) for each in done]


def test_before_the_end_it_is_said_what_goes_and_what_stays(fresh: Landscape) -> None:
    fresh.apply()

    prod, qa, tools = looked(fresh)

    assert [survey.order.label for survey in (prod, qa, tools)] == ["prod", "qa", "tools"]
    assert {part.resource for part in qa.goes} == {"DeployRole", "ExecutionRole"}
    assert {part.resource for part in tools.goes} == {
        "BucketAccess", "CiAccess", "CiUser", "ExecutionRole", "PipelineRole",
    }  # fmt: skip
    assert [kept.kind for kept in tools.stays] == [
        KeptKind.BUCKET, KeptKind.REPOSITORY, KeptKind.MODEL_PACKAGE_GROUP, KeptKind.KEY, KeptKind.KEY,
    ]  # fmt: skip
    assert qa.stays == ()


def test_stacks_end_in_reverse_once_and_what_holds_data_stays(fresh: Landscape) -> None:
    fresh.apply()
    made = fresh.with_key()

    done = ended(made)

    assert ends(done) == [("prod", End.REMOVED), ("qa", End.REMOVED), ("tools", End.REMOVED)]
    tools = fresh.administrator("tools")
    assert tools.client("s3").get_bucket_versioning(Bucket=fresh.bucket)["Status"] == "Enabled"
    assert tools.client("ecr").describe_repositories(repositoryNames=[fresh.project])["repositories"]
    assert tools.client("kms").describe_key(KeyId=f"alias/{fresh.project}")["KeyMetadata"]["Enabled"]
    with pytest.raises(tools.client("iam").exceptions.NoSuchEntityException):
        tools.client("iam").get_user(UserName=f"{fresh.project}-ci")
    assert ends(ended(fresh)) == [("prod", End.ABSENT), ("qa", End.ABSENT), ("tools", End.ABSENT)]


def test_one_environment_ends_alone(fresh: Landscape) -> None:
    fresh.apply()

    assert ends(ended(fresh, STACKS_ONLY, "qa")) == [("qa", End.REMOVED)]
    assert [(each.order.label, each.status) for each in looked(fresh)] == [
        ("prod", "CREATE_COMPLETE"),
        ("qa", None),
        ("tools", "CREATE_COMPLETE"),
    ]


def test_with_its_data_nothing_is_left_and_keys_wait(fresh: Landscape) -> None:
    fresh.apply()
    tools = fresh.administrator("tools")
    s3, kms = tools.client("s3"), tools.client("kms")
    for _ in range(2):
        s3.put_object(Bucket=fresh.bucket, Key="models/one", Body=b"model", ServerSideEncryption="AES256")
    s3.delete_object(Bucket=fresh.bucket, Key="models/one")
    key = kms.describe_key(KeyId=f"alias/{fresh.project}")["KeyMetadata"]["Arn"]
    ended(fresh)

    done = ended(fresh, Extent(data=True, key_days=7))

    assert ends(done)[-1] == ("tools", End.ABSENT)
    assert "removed, with 3 versions of objects" in done[-1].kept.values()
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert [survey.stays for survey in looked(fresh)] == [(), (), ()]
    assert fresh.apply()[0].outputs["Key"] != key


def test_models_and_images_go_with_the_data(fresh: Landscape) -> None:
    fresh.apply()
    sagemaker, made = fresh.administrator("tools").client("sagemaker"), fresh.with_key()
    image = work.push_image(made.accounts.tools, fresh.project)
    specification = {
        "Containers": [{"Image": image, "ModelDataUrl": f"s3://{fresh.bucket}/models/one/model.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {"ModelPackageGroupName": fresh.project, "InferenceSpecification": specification}
    made.accounts.tools.registry.create({**request, "ModelApprovalStatus": "Approved"})

    done = ended(fresh, Extent(data=True))

    assert "removed, with 1 model packages" in done[-1].kept.values()
    with pytest.raises(ClientError):
        sagemaker.describe_model_package_group(ModelPackageGroupName=fresh.project)


def test_a_policy_that_somebody_else_has_is_taken_from_them(fresh: Landscape) -> None:
    iam = fresh.administrator("tools").client("iam")
    policy = fresh.apply()[0].outputs["CiPolicy"]
    iam.create_user(UserName=f"{fresh.project}-jenkins")
    iam.attach_user_policy(UserName=f"{fresh.project}-jenkins", PolicyArn=policy)

    assert ends(ended(fresh))[-1] == ("tools", End.REMOVED)
    assert iam.list_attached_user_policies(UserName=f"{fresh.project}-jenkins")["AttachedPolicies"] == []


@pytest.mark.parametrize("template_deletes", ["user", "policy"])
def test_cloudformation_by_itself_deletes_nothing_that_is_in_use(fresh: Landscape, template_deletes: str) -> None:
    """What IAM refuses fails the stack: an access key, a policy that somebody has."""
    tools = fresh.administrator("tools")
    iam, cloudformation = tools.client("iam"), tools.client("cloudformation")
    policy = fresh.apply()[0].outputs["CiPolicy"]
    if template_deletes == "user":
        fresh.with_key()
    else:
        iam.create_user(UserName=f"{fresh.project}-jenkins")
        iam.attach_user_policy(UserName=f"{fresh.project}-jenkins", PolicyArn=policy)
    name = f"{fresh.project}-tools"

    cloudformation.delete_stack(StackName=name)
    with pytest.raises(Exception, match="DELETE_FAILED"):
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    parts = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    left = {part["LogicalResourceId"] for part in parts if part["ResourceStatus"] == "DELETE_FAILED"}
    assert left == {"CiUser" if template_deletes == "user" else "CiAccess"}
    assert ends(ended(fresh))[-1] == ("tools", End.REMOVED)


def test_endpoints_are_in_the_way_until_somebody_says_that_they_go(fresh: Landscape) -> None:
    fresh.apply()
    name = serve(fresh.with_key())

    with pytest.raises(UsageError, match="still serve") as refusal:
        ended(fresh)

    command = f"aws sagemaker delete-endpoint --endpoint-name {name} --region us-east-1"
    assert f"{name} of qa (account {IDS['qa']}): {command}" in str(refusal.value)
    assert [survey.status for survey in looked(fresh)] == ["CREATE_COMPLETE"] * 3
    assert ends(ended(fresh, Extent(endpoints=True), "qa")) == [("qa", End.REMOVED)]
    assert fresh.administrator("qa").client("sagemaker").list_endpoints(NameContains=name)["Endpoints"] == []


def serve(landscape: Landscape) -> str:
    """An endpoint of qa, whether or not its container can start."""
    sagemaker, name = landscape.administrator("qa").client("sagemaker"), f"{landscape.project}-qa"
    image = work.push_image(landscape.accounts.tools, landscape.project)
    role = landscape.configuration.environments["qa"].execution_role
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    variant = {"VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def test_who_may_not_delete_a_role_is_told_which(fresh: Landscape) -> None:
    fresh.apply()
    iam = fresh.administrator("qa").client("iam")
    denied = {"Effect": "Deny", "Action": "iam:DeleteRole", "Resource": f"arn:aws:iam::*:role/{fresh.project}-deploy"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam.put_user_policy(UserName="administrator", PolicyName=fresh.project, PolicyDocument=document)
    try:
        with pytest.raises(
            AccessDeniedError, match=r"environment\.yaml:\d+ \(DeployRole, AWS::IAM::Role\).*DeleteRole"
        ):
            ended(fresh, STACKS_ONLY, "qa")
    finally:
        iam.delete_user_policy(UserName="administrator", PolicyName=fresh.project)
    assert ends(ended(fresh, STACKS_ONLY, "qa")) == [("qa", End.REMOVED)]
