"""The pipeline's work in its smallest form, done through the adapters that the steps use."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent.images.program import build_and_push, program_recipe
from agent.images.registry import RegistryEndpoint
from agent.ports.jobs import JobKind, JobState
from tests.contract.provision import PROGRAM
from tests.contract.workbench import as_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.aws.accounts import AwsAccount
    from agent.ports.endpoints import EndpointState
    from tests.contract.bootstrap.landscape import Landscape

_PATIENCE_SECONDS = 300
_MACHINES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


def push_image(tools: AwsAccount, project: str) -> str:
    """Push the test image; its URI by digest."""
    target = tools.images.push_target(project)
    endpoint = RegistryEndpoint(base_url=target.base_url, host=target.host, password=target.token)
    digest = build_and_push(program_recipe(PROGRAM), endpoint, project, tag="first")
    return f"{target.uri}@{digest}"


def training(landscape: Landscape, image: str, name: str, **members: Any) -> dict[str, Any]:
    """The request of a training job that reads data and writes a model, both encrypted."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "HyperParameters": {"model": "weights", "print": "trained"},
        "RoleArn": landscape.configuration.tools.execution_role,
        "InputDataConfig": [channel(f"s3://{landscape.bucket}/data/training/")],
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{landscape.bucket}/models",
            "KmsKeyId": landscape.configuration.tools.kms_key,
        },
        "ResourceConfig": {**_MACHINES, "VolumeKmsKeyId": landscape.configuration.tools.kms_key},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": [{"Key": "modelyard:project", "Value": landscape.project}],
        **members,
    }


def channel(uri: str) -> dict[str, Any]:
    """A training channel from everything below an S3 address."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": "training", "DataSource": {"S3DataSource": source}}


def evaluation(landscape: Landscape, image: str, name: str, model: str) -> dict[str, Any]:
    """The request of a processing job that reads a model and data and writes what it finds."""
    inputs = {"model": model, "data": f"s3://{landscape.bucket}/data/training/"}
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": ["process"]},
        "RoleArn": landscape.configuration.tools.execution_role,
        "Environment": as_environment({"output": "metrics"}),
        "ProcessingInputs": [_input(source, uri) for source, uri in inputs.items()],
        "ProcessingOutputConfig": {"Outputs": [_output(f"s3://{landscape.bucket}/evaluations/{name}/")]},
        "ProcessingResources": {"ClusterConfig": _MACHINES},
        "Tags": [{"Key": "modelyard:project", "Value": landscape.project}],
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**source, "S3InputMode": "File"}}


def _output(uri: str) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {"OutputName": "evaluation", "S3Output": place}


def run(tools: AwsAccount, kind: JobKind, request: Mapping[str, Any]) -> JobState:
    """Run a job to its end."""
    tools.jobs.create(kind, request)
    name = request["TrainingJobName" if kind is JobKind.TRAINING else "ProcessingJobName"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (state := tools.jobs.describe(kind, name)) is None or not state.over:
        assert time.monotonic() < deadline, f"{name} does not end: {state}"
        time.sleep(0.05)
    return state


def deploy(account: AwsAccount, landscape: Landscape, environment: str, image: str, model: str) -> EndpointState:
    """Create model, configuration and endpoint as the pipeline does, and wait until it is settled."""
    into = landscape.configuration.environments[environment]
    name, endpoint = f"{landscape.project}-{environment[0]}1", into.endpoint.name
    tags = [{"Key": "project", "Value": landscape.project}]
    container = {"Image": image, "ModelDataUrl": model}
    account.endpoints.create_model(
        {
            "ModelName": name,
            "PrimaryContainer": container,
            "ExecutionRoleArn": into.execution_role,
            "Tags": tags,
        }
    )
    variant = {"VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    config: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": tags}
    if into.endpoint.data_capture:
        config["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": into.endpoint.data_capture.prefix,
            "CaptureOptions": [{"CaptureMode": "Input"}],
            "KmsKeyId": into.kms_key,
        }
    account.endpoints.create_config(config | ({"KmsKeyId": into.kms_key} if into.kms_key else {}))
    account.endpoints.create({"EndpointName": endpoint, "EndpointConfigName": name, "Tags": tags})
    return settled(account, endpoint)


def settled(account: AwsAccount, endpoint: str) -> EndpointState:
    """An endpoint that is no longer being changed."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (state := account.endpoints.describe(endpoint)) is None or state.status in {"Creating", "Updating"}:
        assert time.monotonic() < deadline, f"{endpoint} is not settled: {state}"
        time.sleep(0.05)
    return state
