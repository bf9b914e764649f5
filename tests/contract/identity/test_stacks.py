"""With whose permissions CloudFormation makes what a template asks for.

Page: CloudFormation user guide, "Control access with AWS Identity and Access Management" and "CloudFormation service
role".
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.identity.stage import ALLOWED, Principal, allow, answer, policy, trust

if TYPE_CHECKING:
    from tests.contract.identity.stage import Stage
    from tests.contract.workbench import Workbench

CLOUDFORMATION = {"Service": "cloudformation.amazonaws.com"}
STACKS = allow("cloudformation:*")
_PATIENCE_SECONDS = 600


def _template(**resources: Any) -> str:
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


def _bucket(stage: Stage) -> str:
    return _template(Bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": stage.name("stacked")}})


def _ended(client: Any, stack: str) -> dict[str, Any]:
    """The description of a stack when nothing is under way any more."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        described: dict[str, Any] = client.describe_stacks(StackName=stack)["Stacks"][0]
        if not described["StackStatus"].endswith("IN_PROGRESS"):
            return described
        assert time.monotonic() < deadline, f"{stack} is still {described['StackStatus']}"
        time.sleep(0.1)


def _reasons(client: Any, stack: str) -> str:
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def _create(stage: Stage, who: Principal, template: str, **members: Any) -> tuple[str, str]:
    """The status that a new stack ends with, and every reason that its events give."""
    client = stage.of(who, "cloudformation")
    stack = client.create_stack(StackName=stage.name("stack"), TemplateBody=template, **members)["StackId"]
    return _ended(client, stack)["StackStatus"], _reasons(client, stack)


def test_a_caller_who_may_make_the_resource_gets_it(stage: Stage) -> None:
    who = stage.user("builder", STACKS, allow("s3:*"))
    stage.settle()

    assert _create(stage, who, _bucket(stage))[0] == "CREATE_COMPLETE"


def test_a_caller_who_may_not_make_the_resource_does_not_get_it_through_a_stack(stage: Stage) -> None:
    who = stage.user("builder", STACKS, allow("s3:ListBucket"))
    stage.settle()

    status, reasons = _create(stage, who, _bucket(stage))

    assert status == "ROLLBACK_COMPLETE"
    assert f"{stage.name('builder')} is not authorized to perform: s3:CreateBucket" in reasons
    assert answer(lambda: stage.client("s3").head_bucket(Bucket=stage.name("stacked"))) == "404"


def test_every_property_takes_its_own_permission(stage: Stage) -> None:
    document = json.loads(policy(trust({"Service": "sagemaker.amazonaws.com"})))
    inline = {"PolicyName": "p", "PolicyDocument": json.loads(policy(allow("s3:*")))}
    properties = {"RoleName": stage.name("made"), "AssumeRolePolicyDocument": document, "Policies": [inline]}
    who = stage.user("builder", STACKS, allow(["iam:CreateRole", "iam:DeleteRole"]))
    stage.settle()

    status, reasons = _create(
        stage,
        who,
        _template(Role={"Type": "AWS::IAM::Role", "Properties": properties}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )

    assert status == "ROLLBACK_COMPLETE"
    assert "iam:PutRolePolicy" in reasons


def test_a_stack_with_a_role_acts_with_the_roles_permissions(stage: Stage) -> None:
    role = stage.role("builder", allow("s3:*"), trusts=[trust(CLOUDFORMATION)])
    who = stage.user("caller", STACKS, allow("iam:PassRole", role))
    stage.settle()

    assert _create(stage, who, _bucket(stage), RoleARN=role)[0] == "CREATE_COMPLETE"


def test_the_roles_permissions_count_and_not_the_callers(stage: Stage) -> None:
    role = stage.role("builder", trusts=[trust(CLOUDFORMATION)])
    who = stage.user("caller", STACKS, allow("s3:*"), allow("iam:PassRole", role))
    stage.settle()

    assert _create(stage, who, _bucket(stage), RoleARN=role)[0] in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}


def test_a_stack_keeps_its_role(stage: Stage) -> None:
    role = stage.role("builder", allow("s3:*"), trusts=[trust(CLOUDFORMATION)])
    who = stage.user("caller", STACKS, allow("iam:PassRole", role))
    stage.settle()
    _create(stage, who, _bucket(stage), RoleARN=role)
    client = stage.of(who, "cloudformation")
    stack = client.describe_stacks(StackName=stage.name("stack"))["Stacks"][0]["StackId"]

    client.delete_stack(StackName=stage.name("stack"))

    assert _ended(client, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert answer(lambda: stage.client("s3").head_bucket(Bucket=stage.name("stacked"))) == "404"


def test_a_role_that_the_caller_may_not_pass_is_refused(stage: Stage) -> None:
    role = stage.role("builder", allow("s3:*"), trusts=[trust(CLOUDFORMATION)])
    client = stage.of(stage.user("caller", STACKS), "cloudformation")
    stage.settle()

    act = answer(lambda: client.create_stack(StackName=stage.name("s"), TemplateBody=_bucket(stage), RoleARN=role))
    assert act == "AccessDenied"


def test_a_role_that_does_not_trust_cloudformation_is_refused(stage: Stage) -> None:
    role = stage.role("builder", allow("s3:*"), trusts=[trust({"Service": "sagemaker.amazonaws.com"})])
    client = stage.client("cloudformation")
    stage.settle()

    act = answer(lambda: client.create_stack(StackName=stage.name("s"), TemplateBody=_bucket(stage), RoleARN=role))
    assert act == "ValidationError"


def test_deleting_a_stack_takes_the_permission_to_delete(stage: Stage) -> None:
    builder = stage.user("builder", STACKS, allow("s3:*"))
    remover = stage.user("remover", STACKS)
    stage.settle()
    _create(stage, builder, _bucket(stage))
    client = stage.of(remover, "cloudformation")
    stack = client.describe_stacks(StackName=stage.name("stack"))["Stacks"][0]["StackId"]

    client.delete_stack(StackName=stage.name("stack"))

    assert _ended(client, stack)["StackStatus"] == "DELETE_FAILED"


def test_a_bucket_has_the_encryption_lifecycle_and_ownership_of_its_template(stage: Stage) -> None:
    """Page: CloudFormation template reference, AWS::S3::Bucket."""
    key = stage.key()
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"Id": "uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}
    properties = {
        "BucketName": stage.name("stacked"),
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encryption}]},
        "LifecycleConfiguration": {"Rules": [rule]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    }
    who = stage.user("builder", STACKS, allow("s3:*"))
    stage.settle()

    status, reasons = _create(stage, who, _template(Bucket={"Type": "AWS::S3::Bucket", "Properties": properties}))

    assert status == "CREATE_COMPLETE", reasons
    s3, bucket = stage.client("s3"), stage.name("stacked")
    assert s3.put_object(Bucket=bucket, Key="x", Body=b"x")["SSEKMSKeyId"] == key
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [(rule["ID"], rule["AbortIncompleteMultipartUpload"]) for rule in lifecycle] == [
        ("uploads", {"DaysAfterInitiation": 3})
    ]
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerPreferred"}]


def test_a_stack_overwrites_no_role_that_is_there(stage: Stage) -> None:
    stage.role("taken", allow("s3:*"))
    trusting = json.loads(policy(trust({"Service": "sagemaker.amazonaws.com"})))
    properties = {"RoleName": stage.name("taken"), "AssumeRolePolicyDocument": trusting}
    who = stage.user("builder", STACKS, allow("iam:*"))
    stage.settle()
    template = _template(Role={"Type": "AWS::IAM::Role", "Properties": properties})

    status, reasons = _create(stage, who, template, Capabilities=["CAPABILITY_NAMED_IAM"])

    assert status == "ROLLBACK_COMPLETE"
    assert f"Role with name {stage.name('taken')} already exists" in reasons
    role = stage.client("iam").get_role(RoleName=stage.name("taken"))["Role"]
    assert "sagemaker.amazonaws.com" not in json.dumps(role["AssumeRolePolicyDocument"])


def test_a_change_set_says_nothing_of_resources_whose_condition_does_not_hold(stage: Stage) -> None:
    """Page: CloudFormation template reference, Conditions."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"Made": topic, "NotMade": {**topic, "Condition": "Never"}},
    }
    client, name = stage.client("cloudformation"), stage.name("stack")
    made = client.create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(template)
    )
    client.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})

    changes = client.describe_change_set(ChangeSetName=made["Id"])["Changes"]

    assert [change["ResourceChange"]["LogicalResourceId"] for change in changes] == ["Made"]
    client.delete_stack(StackName=name)


@pytest.mark.embedded_only("AWS knows this resource type")
def test_a_type_that_is_not_served_is_not_recognised(stage: Stage) -> None:
    client = stage.client("cloudformation")
    template = _template(Function={"Type": "AWS::Lambda::Function", "Properties": {}})

    assert answer(lambda: client.create_stack(StackName=stage.name("s"), TemplateBody=template)) == "ValidationError"


def _model_stack(stage: Stage, role: str, image: str) -> str:
    model = {"ExecutionRoleArn": role, "PrimaryContainer": {"Image": image, "Environment": {"WORKERS": 2}}}
    variant = {
        "VariantName": "only",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": "1",
        "InitialVariantWeight": "1",
    }
    group = {
        "ModelPackageGroupName": stage.name("group"),
        "ModelPackageGroupPolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{stage.account()}:root"},
                    "Action": "sagemaker:DescribeModelPackageGroup",
                    "Resource": f"arn:aws:sagemaker:{stage.region}:{stage.account()}:"
                    f"model-package-group/{stage.name('group')}",
                }
            ],
        },
    }
    return _template(
        Model={"Type": "AWS::SageMaker::Model", "Properties": model},
        Config={"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
        Group={"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group},
    )


def test_sagemaker_makes_its_own_resources(stage: Stage, image: str) -> None:
    """Page: CloudFormation template reference, AWS::SageMaker::Model, EndpointConfig and ModelPackageGroup."""
    pull = allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
    role = stage.role("execution", pull, trusts=[trust({"Service": "sagemaker.amazonaws.com"})])
    who = stage.user("builder", STACKS, allow("sagemaker:*"), allow("iam:PassRole", role))
    stage.settle()

    status, reasons = _create(stage, who, _model_stack(stage, role, image))

    assert (status, reasons.strip()) == ("CREATE_COMPLETE", reasons.strip())
    client, sagemaker = stage.of(who, "cloudformation"), stage.client("sagemaker")
    resources = client.describe_stack_resources(StackName=stage.name("stack"))["StackResources"]
    made = {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in resources}
    model = sagemaker.describe_model(ModelName=made["Model"].rpartition("/")[2])
    assert (model["ModelArn"], model["PrimaryContainer"]["Environment"]) == (made["Model"], {"WORKERS": "2"})
    config = sagemaker.describe_endpoint_config(EndpointConfigName=made["Config"].rpartition("/")[2])
    assert config["ProductionVariants"][0]["ModelName"] == model["ModelName"]
    assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=stage.name("group"))["ResourcePolicy"]

    client.delete_stack(StackName=stage.name("stack"))
    _gone(stage, sagemaker, model["ModelName"])


def _gone(stage: Stage, sagemaker: Any, model: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while answer(lambda: sagemaker.describe_model(ModelName=model)) == ALLOWED:
        assert time.monotonic() < deadline, f"{model} is still there"
        time.sleep(0.1)


def test_a_stack_needs_the_permissions_of_sagemakers_operations(stage: Stage, image: str) -> None:
    role = stage.role("execution", trusts=[trust({"Service": "sagemaker.amazonaws.com"})])
    who = stage.user("builder", STACKS, allow("sagemaker:*"))
    stage.settle()

    status, reasons = _create(stage, who, _model_stack(stage, role, image))

    assert status == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: iam:PassRole" in reasons


def _endpoint_stack(workbench: Workbench, name: str, weight: int) -> str:
    variant = {
        "VariantName": "only",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": weight,
    }
    model = {"ExecutionRoleArn": workbench.role, "PrimaryContainer": {"Image": workbench.image}}
    config = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/only"},
        "MinCapacity": "1",
        "MaxCapacity": "2",
        "RoleARN": workbench.role,
    }
    scaling = {
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": {"Ref": "Target"},
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": "100",
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    }
    return _template(
        Model={"Type": "AWS::SageMaker::Model", "Properties": model},
        Config={"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
        Endpoint={
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointName": name, "EndpointConfigName": config},
        },
        Target={"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": target},
        Policy={"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": scaling},
    )


def test_an_endpoint_is_created_updated_and_deleted_with_its_stack(stage: Stage, workbench: Workbench) -> None:
    """Page: CloudFormation template reference, AWS::SageMaker::Endpoint and AWS::ApplicationAutoScaling::*."""
    client, sagemaker = stage.client("cloudformation"), stage.client("sagemaker")
    scaling, name = stage.client("application-autoscaling"), stage.name("stacked")
    stack = client.create_stack(StackName=name, TemplateBody=_endpoint_stack(workbench, name, 1))["StackId"]
    assert _ended(client, stack)["StackStatus"] == "CREATE_COMPLETE", _reasons(client, stack)
    first = sagemaker.describe_endpoint(EndpointName=name)
    assert first["EndpointStatus"] == "InService"
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]

    client.update_stack(StackName=name, TemplateBody=_endpoint_stack(workbench, name, 2))
    assert _ended(client, stack)["StackStatus"] == "UPDATE_COMPLETE", _reasons(client, stack)
    second = sagemaker.describe_endpoint(EndpointName=name)
    assert second["EndpointConfigName"] != first["EndpointConfigName"]
    gone = answer(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=first["EndpointConfigName"]))
    assert gone == "ValidationException"

    client.delete_stack(StackName=name)
    assert _ended(client, stack)["StackStatus"] == "DELETE_COMPLETE", _reasons(client, stack)
    assert answer(lambda: sagemaker.describe_endpoint(EndpointName=name)) == "ValidationException"
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=[name])
    assert policies["ScalingPolicies"] == []
