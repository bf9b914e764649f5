"""Jobs and endpoints touch S3 as their execution role: what it may not read or write, they do not either.

Source: the SageMaker developer guide, "How to use SageMaker AI execution roles".
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import SUFFICIENT, create_role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

    Kind = Callable[[Workbench, str], dict[str, Any]]
    """Runs a job under a name, with the objects under that prefix as its input; its description at the end."""

pytestmark = pytest.mark.embedded_only("makes roles and buckets")
OUTPUT = "output"


def train(bench: Workbench, name: str) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bench.bucket}/{name}/"}}
    bench.train(name, {"copy": "yes"}, InputDataConfig=[{"ChannelName": "train", "DataSource": source}])
    return bench.ended_training(name)


def process(bench: Workbench, name: str) -> dict[str, Any]:
    source = {
        "S3Uri": f"s3://{bench.bucket}/{name}/",
        "LocalPath": "/opt/ml/processing/input",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    target = {
        "S3Uri": f"s3://{bench.bucket}/{OUTPUT}/{name}",
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    bench.process(
        name,
        {"copy": "yes"},
        ProcessingInputs=[{"InputName": "in", "S3Input": source}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": target}]},
    )
    return bench.ended_processing(name)


def transform(bench: Workbench, name: str) -> dict[str, Any]:
    bench.model(name)
    bench.transform(name, name, f"s3://{bench.bucket}/{name}/")
    return bench.ended_transform(name)


KINDS: Mapping[str, Kind] = {"training": train, "processing": process, "transform": transform}


def deny(*actions: str, resource: str) -> dict[str, Any]:
    """The sufficient policy less some actions on one resource."""
    denial = {"Effect": "Deny", "Action": list(actions), "Resource": resource}
    return {**SUFFICIENT, "Statement": [*SUFFICIENT["Statement"], denial]}


def outcome(run: Kind, bench: Workbench, name: str) -> tuple[str, str]:
    """The status and the reason of a job; a refusal to create it counts as a failure."""
    try:
        job = run(bench, name)
    except ClientError as error:
        return "Failed", str(error)
    status = next(value for key, value in job.items() if key.endswith("JobStatus"))
    return str(status), str(job.get("FailureReason", ""))


@pytest.fixture
def name(unique: Callable[[str], str], client: ClientFactory, bucket: str) -> str:
    """A name that is also the prefix of one object."""
    made = unique("role")
    client("s3").put_object(Bucket=bucket, Key=f"{made}/in.txt", Body=b"1,2\n")
    return made


def keys(client: ClientFactory, bucket: str, prefix: str) -> list[str]:
    listed = client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_sufficient_role_a_job_reads_and_writes(
    kind: str, workbench: Workbench, client: ClientFactory, name: str
) -> None:
    assert outcome(KINDS[kind], workbench, name) == ("Completed", "")
    assert keys(client, workbench.bucket, f"{OUTPUT}/{name}/") != []


@pytest.mark.parametrize("kind", KINDS)
def test_input_that_the_role_may_not_read_fails_the_job(
    kind: str, workbench: Workbench, client: ClientFactory, name: str
) -> None:
    policy = deny("s3:GetObject", resource=f"arn:aws:s3:::{workbench.bucket}/{name}/*")
    bench = replace(workbench, role=create_role(client("iam"), name, policy))
    status, reason = outcome(KINDS[kind], bench, name)
    assert (status, bool(reason)) == ("Failed", True)
    assert keys(client, workbench.bucket, f"{OUTPUT}/{name}/") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_prefix_that_the_role_may_not_list_fails_the_job(
    kind: str, workbench: Workbench, client: ClientFactory, name: str
) -> None:
    policy = deny("s3:ListBucket", resource=f"arn:aws:s3:::{workbench.bucket}")
    bench = replace(workbench, role=create_role(client("iam"), name, policy))
    status, reason = outcome(KINDS[kind], bench, name)
    assert (status, bool(reason)) == ("Failed", True)
    assert keys(client, workbench.bucket, f"{OUTPUT}/{name}/") == []


@pytest.mark.parametrize("kind", KINDS)
def test_output_that_the_role_may_not_write_fails_the_job(
    kind: str, workbench: Workbench, client: ClientFactory, name: str
) -> None:
    policy = deny("s3:PutObject", resource=f"arn:aws:s3:::{workbench.bucket}/{OUTPUT}/*")
    bench = replace(workbench, role=create_role(client("iam"), name, policy))
    status, reason = outcome(KINDS[kind], bench, name)
    assert (status, bool(reason)) == ("Failed", True)
    assert keys(client, workbench.bucket, f"{OUTPUT}/{name}/") == []


@pytest.mark.parametrize("admitted", [True, False])
def test_another_accounts_bucket_must_admit_the_role(
    admitted: bool, workbench: Workbench, client: ClientFactory, name: str
) -> None:
    theirs, s3 = f"{name}-qa", client("s3", "qa")
    s3.create_bucket(Bucket=theirs)
    s3.put_object(Bucket=theirs, Key=f"{name}/in.txt", Body=b"1,2\n")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": workbench.role},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{theirs}", f"arn:aws:s3:::{theirs}/*"],
    }
    if admitted:
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=theirs, Policy=json.dumps(policy))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{theirs}/{name}/"}}

    def train_there(bench: Workbench, name: str) -> dict[str, Any]:
        bench.train(name, InputDataConfig=[{"ChannelName": "train", "DataSource": source}])
        return bench.ended_training(name)

    status, _ = outcome(train_there, workbench, name)
    assert status == ("Completed" if admitted else "Failed")


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_an_augmented_manifest_brings_its_records(
    mode: str, workbench: Workbench, client: ClientFactory, name: str
) -> None:
    record = {"source-ref": f"s3://{workbench.bucket}/{name}/in.txt", "label": 1}
    client("s3").put_object(Bucket=workbench.bucket, Key=f"{name}.manifest", Body=json.dumps(record).encode())
    source = {
        "S3DataType": "AugmentedManifestFile",
        "S3Uri": f"s3://{workbench.bucket}/{name}.manifest",
        "AttributeNames": ["source-ref", "label"],
    }
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}, "InputMode": mode}
    workbench.train(name, {"copy": "yes"}, InputDataConfig=[channel])
    assert workbench.ended_training(name)["TrainingJobStatus"] == "Completed"
    assert keys(client, workbench.bucket, f"{OUTPUT}/{name}/output/output.tar.gz") != []
