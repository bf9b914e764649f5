"""What the cloud still knows after it was killed, stopped or reset; AWS does none of these, so AWS is not asked."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.identity.stage import ALLOWED, Stage, allow, answer
from tests.contract.provision import create_role, push_image

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from agent.cloud.embedded import EmbeddedCloud

SAVED_SECONDS = 2.0
"""Within this time a change is on disk (see ``agent/cloud/emulator/persistence.py``)."""


def _stage(cloud: EmbeddedCloud, library: boto3.Session, suffix: str) -> Stage:
    return Stage(
        client=cloud.client, library=library, on_aws=False, endpoint=cloud.endpoint, region="us-east-1", suffix=suffix
    )


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_everything_survives(own_cloud: EmbeddedCloud, library: boto3.Session, end: str) -> None:
    before = _stage(own_cloud, library, "x")
    bucket, key = before.bucket(), before.key()
    s3 = own_cloud.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="model", Body=b"old", Tagging="state=old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="model", Body=b"new", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    ciphertext = own_cloud.client("kms").encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    own_cloud.client("ecr").create_repository(repositoryName="iris")
    own_cloud.client("ssm").put_parameter(Name="champion", Value="7", Type="String")
    own_cloud.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 3}])
    logs = own_cloud.client("logs")
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    event = {"timestamp": int(time.time() * 1000), "message": "hello"}
    logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[event])
    session = before.assume(before.role("reader", allow("s3:*"), allow("kms:*")))
    time.sleep(SAVED_SECONDS)

    {"kill": own_cloud.kill, "stop": own_cloud.stop}[end]()
    own_cloud.start()

    after = _stage(own_cloud, library, "x")
    reader = after.of(session, "s3")
    assert reader.get_object(Bucket=bucket, Key="model")["Body"].read() == b"new"
    assert reader.get_object(Bucket=bucket, Key="model")["SSEKMSKeyId"] == key
    assert reader.get_object(Bucket=bucket, Key="model", VersionId=old)["Body"].read() == b"old"
    assert reader.get_object_tagging(Bucket=bucket, Key="model", VersionId=old)["TagSet"][0]["Value"] == "old"
    assert own_cloud.client("kms").decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"
    assert own_cloud.client("ecr").describe_repositories()["repositories"][0]["repositoryName"] == "iris"
    assert own_cloud.client("ssm").get_parameter(Name="champion")["Parameter"]["Value"] == "7"
    assert own_cloud.client("cloudwatch").list_metrics(Namespace="N")["Metrics"][0]["MetricName"] == "m"
    events = own_cloud.client("logs").get_log_events(logGroupName="group", logStreamName="stream")["events"]
    assert [entry["message"] for entry in events] == ["hello"]


def _buckets(cloud: EmbeddedCloud) -> list[str]:
    return [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]


def test_a_reset_forgets_everything_but_the_administrators(own_cloud: EmbeddedCloud, library: boto3.Session) -> None:
    before = _stage(own_cloud, library, "x")
    bucket, _ = before.bucket(), before.key()
    s3 = own_cloud.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="model", Body=b"old")
    s3.put_object(Bucket=bucket, Key="model", Body=b"new")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="large", UploadId=upload, PartNumber=1, Body=b"part")
    own_cloud.client("ecr").create_repository(repositoryName="iris")
    session = before.assume(before.role("reader", allow("s3:*")))

    own_cloud.reset()

    def knows_nothing() -> bool:
        after = _stage(own_cloud, library, "x")
        users = [user["UserName"] for user in own_cloud.client("iam").list_users()["Users"]]
        return (
            _buckets(own_cloud) == []
            and users == ["administrator"]
            and own_cloud.client("iam").list_roles()["Roles"] == []
            and own_cloud.client("ecr").describe_repositories()["repositories"] == []
            and own_cloud.client("kms").list_keys()["Keys"] == []
            and answer(after.of(session, "s3").list_buckets) == "InvalidAccessKeyId"
        )

    assert knows_nothing()
    own_cloud.client("s3").create_bucket(Bucket=bucket)
    listed = own_cloud.client("s3").list_object_versions(Bucket=bucket)
    assert "Versions" not in listed
    assert "Uploads" not in own_cloud.client("s3").list_multipart_uploads(Bucket=bucket)
    own_cloud.client("s3").delete_bucket(Bucket=bucket)
    time.sleep(SAVED_SECONDS)
    own_cloud.kill()
    own_cloud.start()
    assert knows_nothing()


def test_an_expired_session_stays_expired_over_a_restart(own_cloud: EmbeddedCloud, library: boto3.Session) -> None:
    stage = _stage(own_cloud, library, "x")
    session = stage.assume(stage.role("reader", allow("s3:*")), DurationSeconds=900)
    own_cloud.advance(901)
    own_cloud.stop()
    own_cloud.start()

    act: Callable[[], object] = _stage(own_cloud, library, "x").of(session, "s3").list_buckets
    assert answer(act) == "ExpiredToken"


def test_a_stack_of_our_own_services_survives_a_kill(own_cloud: EmbeddedCloud) -> None:
    group = {
        "Type": "AWS::SageMaker::ModelPackageGroup",
        "Properties": {"ModelPackageGroupName": "iris"},
    }
    outputs = {"When": {"Value": {"Fn::GetAtt": ["Group", "CreationTime"]}}}
    template = json.dumps({"Resources": {"Group": group}, "Outputs": outputs})
    own_cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=template)
    time.sleep(SAVED_SECONDS)

    own_cloud.kill()
    own_cloud.start()

    stack = own_cloud.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputKey"]) == ("CREATE_COMPLETE", "When")


def test_a_role_survives_a_kill_soon_after_it_was_made(own_cloud: EmbeddedCloud) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    own_cloud.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=document)
    time.sleep(SAVED_SECONDS)
    own_cloud.kill()
    own_cloud.start()

    assert answer(lambda: own_cloud.client("iam").get_role(RoleName="new")) == ALLOWED


def test_the_clock_survives_a_kill(own_cloud: EmbeddedCloud) -> None:
    own_cloud.advance(3600)
    time.sleep(SAVED_SECONDS)
    own_cloud.kill()
    own_cloud.start()

    assert round(own_cloud.status()["clock"]["offset"] / 60) == 60


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_stack_that_was_interrupted_has_failed(own_cloud: EmbeddedCloud, end: str) -> None:
    role, image = create_role(own_cloud.client("iam"), "execution"), push_image(own_cloud, "image")
    variant = {
        "VariantName": "only",
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
    }
    sagemaker = own_cloud.client("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    own_cloud.fault("unhealthy", count=9)
    endpoint = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointName": "e", "EndpointConfigName": "c"}}
    template = json.dumps({"Resources": {"Endpoint": endpoint}})
    own_cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=template)
    time.sleep(SAVED_SECONDS)

    {"kill": own_cloud.kill, "stop": own_cloud.stop}[end]()
    own_cloud.start()

    stack = own_cloud.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]
    assert stack["StackStatus"] in {"CREATE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"}
