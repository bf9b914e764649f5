"""What CreateTrainingJob refuses beyond the shapes of its request; each case breaks one rule of a request in order."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.training_rules import check_training

IMAGE = {"TrainingImage": "111111111111.dkr.ecr.us-east-1.amazonaws.com/image:1", "TrainingInputMode": "File"}
INSTANCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


def request(**members: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": IMAGE,
        "RoleArn": "arn:aws:iam::111111111111:role/execution",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": INSTANCES,
        **members,
    }


def channel(name: str = "train", **source: Any) -> dict[str, Any]:
    data = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data", **source}
    return {"ChannelName": name, "DataSource": {"S3DataSource": data}}


def group(name: str) -> dict[str, Any]:
    return {"InstanceGroupName": name, "InstanceType": "ml.m5.large", "InstanceCount": 1}


IN_ORDER = {
    "the smallest request": request(),
    "channels": request(InputDataConfig=[channel("train"), channel("test")]),
    "spot": request(
        EnableManagedSpotTraining=True, StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    ),
    "instance groups": request(
        ResourceConfig={"InstanceGroups": [group("a"), group("b")]},
        InputDataConfig=[channel(InstanceGroupNames=["b"])],
    ),
    "instance preferences": request(
        ResourceConfig={"InstanceCount": 1, "InstancePreferences": [{"InstanceType": "ml.m5.large"}]}
    ),
    "checkpoints elsewhere": request(CheckpointConfig={"S3Uri": "s3://bucket/ck", "LocalPath": "/tmp/checkpoints"}),
}

REFUSED = {
    "neither image nor algorithm": (request(AlgorithmSpecification={"TrainingInputMode": "File"}), "exactly one"),
    "both image and algorithm": (request(AlgorithmSpecification={**IMAGE, "AlgorithmName": "mine"}), "exactly one"),
    "an algorithm's name": (
        request(AlgorithmSpecification={"AlgorithmName": "mine", "TrainingInputMode": "File"}),
        "not served",
    ),
    "no algorithm at all": (
        {key: value for key, value in request().items() if key != "AlgorithmSpecification"},
        "ServerlessJobConfig",
    ),
    "a broken metric": (
        request(AlgorithmSpecification={**IMAGE, "MetricDefinitions": [{"Name": "m", "Regex": "("}]}),
        "Invalid metric definition",
    ),
    "metrics of one name": (
        request(AlgorithmSpecification={**IMAGE, "MetricDefinitions": [{"Name": "m", "Regex": "x"}] * 2}),
        "Duplicate metric",
    ),
    "pipe mode": (request(AlgorithmSpecification={**IMAGE, "TrainingInputMode": "Pipe"}), "Pipe"),
    "no instances": (request(ResourceConfig={**INSTANCES, "InstanceCount": 0}), "InstanceCount"),
    "no instance type": (request(ResourceConfig={"InstanceCount": 1}), "InstanceType"),
    "types and groups": (request(ResourceConfig={**INSTANCES, "InstanceGroups": [group("a")]}), "exclude"),
    "groups of one name": (
        request(ResourceConfig={"InstanceGroups": [group("a"), group("a")]}),
        "Duplicate instance group",
    ),
    "a count for one preference only": (
        request(
            ResourceConfig={
                "InstancePreferences": [
                    {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                    {"InstanceType": "ml.m5.xlarge"},
                ]
            }
        ),
        "InstanceCount",
    ),
    "spot without a wait": (request(EnableManagedSpotTraining=True), "Invalid MaxWaitTimeInSeconds"),
    "spot with too short a wait": (
        request(
            EnableManagedSpotTraining=True, StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59}
        ),
        "Invalid MaxWaitTimeInSeconds",
    ),
    "a wait without spot": (
        request(StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}),
        "Invalid MaxWaitTimeInSeconds",
    ),
    "more than 28 days": (
        request(StoppingCondition={"MaxRuntimeInSeconds": 28 * 24 * 3600 + 1}),
        "Invalid MaxRuntimeInSeconds",
    ),
    "channels of one name": (request(InputDataConfig=[channel(), channel()]), "Duplicate channel names: train"),
    "a file system": (
        request(InputDataConfig=[{"ChannelName": "train", "DataSource": {"FileSystemDataSource": {}}}]),
        "FileSystemDataSource",
    ),
    "an address that is none": (request(InputDataConfig=[channel(S3Uri="https://bucket/data")]), "not a valid S3 URI"),
    "an augmented manifest without attributes": (
        request(InputDataConfig=[channel(S3DataType="AugmentedManifestFile")]),
        "AttributeNames",
    ),
    "an unknown instance group": (request(InputDataConfig=[channel(InstanceGroupNames=["gone"])]), "gone"),
    "gzip": (request(InputDataConfig=[{**channel(), "CompressionType": "Gzip"}]), "Pipe mode"),
    "an output that is no place": (request(OutputDataConfig={"S3OutputPath": "s3://"}), "S3OutputPath"),
    "checkpoints over the model": (
        request(CheckpointConfig={"S3Uri": "s3://bucket/ck", "LocalPath": "/opt/ml/model"}),
        "LocalPath",
    ),
}


@pytest.mark.parametrize("case", IN_ORDER)
def test_a_request_in_order_is_accepted(case: str) -> None:
    check_training(IN_ORDER[case])


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_breaks_a_rule_is_refused_with_the_reason(case: str) -> None:
    broken, reason = REFUSED[case]
    with pytest.raises(AwsError, match=reason) as refused:
        check_training(broken)
    assert refused.value.code == "ValidationException"
