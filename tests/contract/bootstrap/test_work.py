"""What the identities of a bootstrapped project are for: the pipeline's whole work, done by the build server alone."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from agent.ports.jobs import JobKind, JobStatus
from tests.contract.bootstrap import work

if TYPE_CHECKING:
    from pathlib import Path

    from agent.aws.accounts import AwsAccount
    from agent.ports.endpoints import EndpointState
    from agent.ports.jobs import JobState
    from tests.contract.bootstrap.landscape import Landscape

_PATIENCE_SECONDS = 300


@pytest.fixture(scope="module")
def tools(landscape: Landscape) -> AwsAccount:
    """The tools account as the pipeline's role."""
    return landscape.accounts.tools


@pytest.fixture(scope="module")
def image(tools: AwsAccount, landscape: Landscape) -> str:
    """An image that the pipeline pushed."""
    return work.push_image(tools, landscape.project)


@pytest.fixture(scope="module")
def trained(tools: AwsAccount, landscape: Landscape, image: str) -> JobState:
    """A training job that has ended."""
    tools.objects.create(landscape.bucket, "data/training/rows.csv", b"1,2\n")
    return work.run(tools, JobKind.TRAINING, work.training(landscape, image, f"{landscape.project}-train-1"))


@pytest.fixture(scope="module")
def model(trained: JobState) -> str:
    """The S3 address of the model."""
    assert trained.model_artifacts is not None, trained.failure_reason
    return trained.model_artifacts


@pytest.fixture(scope="module")
def qa(landscape: Landscape) -> AwsAccount:
    """The qa account as its deploy role."""
    return landscape.deployment("qa")


@pytest.fixture(scope="module")
def prod(landscape: Landscape) -> AwsAccount:
    """The prod account as its deploy role."""
    return landscape.deployment("prod")


@pytest.fixture(scope="module")
def live_in_qa(landscape: Landscape, qa: AwsAccount, image: str, model: str) -> EndpointState:
    """The endpoint of qa."""
    return work.deploy(qa, landscape, "qa", image, model)


@pytest.fixture(scope="module")
def live_in_prod(landscape: Landscape, prod: AwsAccount, image: str, model: str) -> EndpointState:
    """The endpoint of prod, which captures what it is asked."""
    return work.deploy(prod, landscape, "prod", image, model)


def test_the_build_server_becomes_the_pipeline(landscape: Landscape, tools: AwsAccount) -> None:
    assert f":assumed-role/{landscape.project}-pipeline/" in tools.access.whoami()


def test_the_pipeline_sees_that_everything_is_there(landscape: Landscape, tools: AwsAccount) -> None:
    """What the preflight asks."""
    assert tools.access.bucket_region(landscape.bucket) == "us-east-1"
    assert tools.access.repository_uri(landscape.project)
    assert tools.policies.key(landscape.configuration.tools.kms_key or "").state == "Enabled"
    assert tools.access.role_exists(landscape.configuration.tools.execution_role)
    assert tools.registry.group_exists(landscape.project)


def test_the_pipeline_keeps_a_ledger(landscape: Landscape, tools: AwsAccount) -> None:
    key = "ledger/runs/1.json"

    assert tools.objects.create(landscape.bucket, key, b"one")
    document = tools.objects.read(landscape.bucket, key)
    assert document is not None
    assert tools.objects.replace(landscape.bucket, key, b"two", etag=document.etag)
    assert [listed.key for listed in tools.objects.list(landscape.bucket, "ledger/")] == [key]
    tools.objects.delete(landscape.bucket, key)
    assert not tools.objects.exists(landscape.bucket, key)


def test_the_pipeline_uploads_large_files_in_parts(landscape: Landscape, tools: AwsAccount, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(20 * 1024 * 1024))

    tools.objects.upload(landscape.bucket, "data/large", file)

    assert tools.objects.sha256(landscape.bucket, "data/large") == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_pipeline_finds_the_image_that_it_pushed(landscape: Landscape, tools: AwsAccount, image: str) -> None:
    found = tools.images.find(landscape.project, image.rpartition("@")[2], registry=tools.id)

    assert found is not None


def test_a_training_job_reads_data_and_writes_a_model(trained: JobState, landscape: Landscape) -> None:
    assert trained.status is JobStatus.COMPLETED, trained.failure_reason
    assert str(trained.model_artifacts).startswith(f"s3://{landscape.bucket}/models/{landscape.project}-train-1/")


def test_the_pipeline_reads_what_a_job_said(tools: AwsAccount, trained: JobState) -> None:
    assert "trained" in tools.jobs.log(JobKind.TRAINING, trained.name, {}).lines


def test_a_processing_job_evaluates_the_model(landscape: Landscape, tools: AwsAccount, image: str, model: str) -> None:
    name = f"{landscape.project}-evaluate-1"

    state = work.run(tools, JobKind.PROCESSING, work.evaluation(landscape, image, name, model))

    assert state.status is JobStatus.COMPLETED, state.failure_reason
    assert [listed.key for listed in tools.objects.list(landscape.bucket, f"evaluations/{name}/")]


def test_the_pipeline_stops_a_job(landscape: Landscape, tools: AwsAccount, image: str) -> None:
    name = f"{landscape.project}-train-2"
    orders = {"sleep": "600"}
    tools.jobs.create(JobKind.TRAINING, work.training(landscape, image, name, HyperParameters=orders))

    tools.jobs.stop(JobKind.TRAINING, name)

    state = tools.jobs.describe(JobKind.TRAINING, name)
    assert state is not None
    assert state.status in {JobStatus.STOPPING, JobStatus.STOPPED}


def test_the_pipeline_registers_the_model(landscape: Landscape, tools: AwsAccount, image: str, model: str) -> None:
    specification = {
        "Containers": [{"Image": image, "ModelDataUrl": model}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {"ModelPackageGroupName": landscape.project, "InferenceSpecification": specification}

    arn = tools.registry.create({**request, "ModelApprovalStatus": "Approved"})

    assert tools.registry.describe(arn) is not None
    assert [version.arn for version in tools.registry.versions(landscape.project)] == [arn]


@pytest.mark.parametrize("environment", ["qa", "prod"])
def test_a_deployment_sees_that_its_role_is_there(landscape: Landscape, environment: str) -> None:
    account = landscape.deployment(environment)

    assert f":assumed-role/{landscape.project}-deploy/" in account.access.whoami()
    assert account.access.role_exists(landscape.configuration.environments[environment].execution_role)


def test_a_deployment_verifies_model_and_image(
    landscape: Landscape, qa: AwsAccount, tools: AwsAccount, image: str, model: str
) -> None:
    key = model.removeprefix(f"s3://{landscape.bucket}/")

    assert qa.objects.sha256(landscape.bucket, key) == tools.objects.sha256(landscape.bucket, key)
    assert qa.images.find(landscape.project, image.rpartition("@")[2], registry=tools.id) is not None


def test_an_endpoint_serves_in_another_account(qa: AwsAccount, live_in_qa: EndpointState) -> None:
    assert live_in_qa.status == "InService", live_in_qa.failure_reason
    assert qa.endpoints.invoke(live_in_qa.name, b"1,2", content_type="text/csv").body == b"1,2"


def test_a_deployment_reads_the_endpoints_log(qa: AwsAccount, live_in_qa: EndpointState) -> None:
    assert qa.endpoints.last_lines(live_in_qa.name, 5) is not None


def test_a_deployment_is_guarded_by_alarms(landscape: Landscape, prod: AwsAccount, live_in_prod: EndpointState) -> None:
    name = f"{landscape.project}-prod-errors"
    dimensions = [{"Name": "EndpointName", "Value": live_in_prod.name}, {"Name": "VariantName", "Value": "main"}]
    prod.endpoints.put_alarm(
        {
            "AlarmName": name,
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocation5XXErrors",
            "Dimensions": dimensions,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        }
    )
    rollback = {"Alarms": [{"AlarmName": name}]}
    traffic = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    request = {"EndpointName": live_in_prod.name, "EndpointConfigName": live_in_prod.config}

    prod.endpoints.update(
        {**request, "DeploymentConfig": {"BlueGreenUpdatePolicy": traffic, "AutoRollbackConfiguration": rollback}}
    )

    assert work.settled(prod, live_in_prod.name).status == "InService"
    assert prod.endpoints.firing([name]) == ()
    prod.endpoints.delete_alarms([name])


def test_a_deployment_keeps_scaling(landscape: Landscape, prod: AwsAccount, live_in_prod: EndpointState) -> None:
    variant = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": f"endpoint/{live_in_prod.name}/variant/main",
    }
    tracking = {
        "TargetValue": 100.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    policy = {"PolicyName": "load", "PolicyType": "TargetTrackingScaling"}

    prod.endpoints.register_scaling({**variant, "MinCapacity": 1, "MaxCapacity": 2})
    prod.endpoints.put_scaling_policy({**variant, **policy, "TargetTrackingScalingPolicyConfiguration": tracking})

    scaling = prod.endpoints.scaling(variant["ResourceId"])
    assert scaling is not None
    assert set(scaling.policies) == {"load"}
    prod.endpoints.deregister_scaling(variant)
    assert prod.endpoints.scaling(variant["ResourceId"]) is None


def test_an_endpoint_captures_what_it_is_asked(
    landscape: Landscape, prod: AwsAccount, live_in_prod: EndpointState
) -> None:
    prod.endpoints.invoke(live_in_prod.name, b"1,2", content_type="text/csv")

    s3 = landscape.administrator("prod").client("s3")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (found := s3.list_objects_v2(Bucket=f"{landscape.project}-capture", Prefix="prod/").get("Contents")):
        assert time.monotonic() < deadline, "nothing was captured"
        time.sleep(0.1)
    head = s3.head_object(Bucket=f"{landscape.project}-capture", Key=found[0]["Key"])
    assert head["ServerSideEncryption"] == "aws:kms"


def test_a_deployment_removes_what_it_replaced(landscape: Landscape, qa: AwsAccount, image: str, model: str) -> None:
    name = f"{landscape.project}-old"
    role = landscape.configuration.environments["qa"].execution_role
    container = {"Image": image, "ModelDataUrl": model}
    qa.endpoints.create_model({"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": role})
    variant = {"VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    qa.endpoints.create_config({"EndpointConfigName": name, "ProductionVariants": [variant]})

    qa.endpoints.delete_config(name)
    qa.endpoints.delete_model(name)

    assert qa.endpoints.describe_config(name) is None
    assert qa.endpoints.describe_model(name) is None
