"""What CreateProcessingJob refuses beyond the shapes of its request; each case breaks one rule."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.job_conditions import job_conditions
from agent.cloud.sagemaker.processing_rules import check_processing


def cluster(**members: Any) -> dict[str, Any]:
    return {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1, **members}}


def source(name: str = "in", path: str = "/opt/ml/processing/in", **members: Any) -> dict[str, Any]:
    data = {"S3Uri": "s3://bucket/in", "S3DataType": "S3Prefix", "S3InputMode": "File", "LocalPath": path, **members}
    return {"InputName": name, "S3Input": data}


def output(name: str = "out", path: str = "/opt/ml/processing/out") -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": "s3://bucket/out", "LocalPath": path, "S3UploadMode": "EndOfJob"}}


def request(*entries: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": "job",
        "ProcessingResources": cluster(),
        "ProcessingInputs": [entry for entry in entries if "InputName" in entry],
        "ProcessingOutputConfig": {"Outputs": [entry for entry in entries if "OutputName" in entry]},
        **members,
    }


REFUSED = {
    "no instances": (request(ProcessingResources={"ClusterConfig": {"VolumeSizeInGB": 1}}), "InstanceType"),
    "inputs of one name": (request(source(), source(path="/opt/ml/processing/b")), "Duplicate input names: in"),
    "outputs of one name": (request(output(), output(path="/opt/ml/processing/b")), "Duplicate output names: out"),
    "two in one folder": (request(source(), output(path="/opt/ml/processing/in/")), "Duplicate LocalPath"),
    "an input elsewhere": (request(source(path="/data")), "begins with /opt/ml/processing/"),
    "an input that climbs out": (request(source(path="/opt/ml/processing/../model")), "/opt/ml/processing/"),
    "an input nowhere": (request(source(path="")), "LocalPath of input in"),
    "an output elsewhere": (request(output(path="/opt/ml/model")), "LocalPath of output out"),
    "pipe mode": (request(source(S3InputMode="Pipe")), "Pipe is not served"),
    "gzip": (request(source(S3CompressionType="Gzip")), "Pipe"),
    "a dataset": (request({"InputName": "in", "DatasetDefinition": {}}), "DatasetDefinition"),
    "a feature store": (request({"OutputName": "out", "FeatureStoreOutput": {}}), "FeatureStoreOutput"),
    "an address that is none": (request(source(S3Uri="https://bucket/in")), "not a valid S3 URI"),
}


def test_a_request_in_order_is_accepted() -> None:
    check_processing(request(source(), output()))


def test_what_the_program_fetches_itself_needs_no_folder() -> None:
    check_processing(request({**source(path=""), "AppManaged": True}))


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_breaks_a_rule_is_refused_with_the_reason(case: str) -> None:
    broken, reason = REFUSED[case]
    with pytest.raises(AwsError, match=reason):
        check_processing(broken)


# --- what policies may ask of requests that create jobs ------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "key", "value"),
    [
        ({"ResourceConfig": {"InstanceType": "ml.m5.large"}}, "sagemaker:InstanceTypes", ["ml.m5.large"]),
        (
            {"ResourceConfig": {"InstanceGroups": [{"InstanceType": "a"}, {"InstanceType": "b"}]}},
            "sagemaker:InstanceTypes",
            ["a", "b"],
        ),
        ({"ProcessingResources": cluster()}, "sagemaker:InstanceTypes", ["ml.m5.large"]),
        ({"EnableNetworkIsolation": True}, "sagemaker:NetworkIsolation", "true"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 60}}, "sagemaker:MaxRuntimeInSeconds", "60"),
        ({"OutputDataConfig": {"KmsKeyId": "key"}}, "sagemaker:OutputKmsKey", "key"),
        ({"VpcConfig": {"Subnets": ["s1", "s2"]}}, "sagemaker:VpcSubnets", ["s1", "s2"]),
        ({"Tags": [{"Key": "team", "Value": "a"}]}, "aws:RequestTag/team", "a"),
    ],
)
def test_a_request_has_the_condition_keys_of_its_members(asked: dict[str, Any], key: str, value: Any) -> None:
    assert job_conditions(asked)[key] == value


@pytest.mark.parametrize("asked", [{}, {"ResourceConfig": "text"}, {"ResourceConfig": {"InstanceType": {}}}])
def test_members_that_are_missing_or_malformed_have_none(asked: dict[str, Any]) -> None:
    assert job_conditions(asked) == {}
