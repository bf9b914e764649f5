"""The aws-cli against the cloud, as its manual shows the commands (https://docs.aws.amazon.com/cli/latest/reference/)."""

from __future__ import annotations

import base64
import http.client
import json
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.clients.conftest import Cli
    from tests.contract.workbench import Workbench

LARGER_THAN_ONE_PART = 9 << 20


def test_it_knows_who_it_is(aws: Cli, account_id: str) -> None:
    assert aws.text("sts", "get-caller-identity", "--query", "Account", "--output", "text") == account_id


def test_s3_cp_ls_and_rm(aws: Cli, bucket: str, unique: Callable[[str], str], tmp_path: Path) -> None:
    place = f"s3://{bucket}/{unique('cli')}"
    (tmp_path / "note.txt").write_text("hello\n")
    aws("s3", "cp", "note.txt", f"{place}/note.txt")
    assert "note.txt" in aws("s3", "ls", f"{place}/")
    assert aws("s3", "cp", f"{place}/note.txt", "-") == "hello"
    aws("s3", "rm", "--recursive", place)
    assert aws.run("s3", "ls", f"{place}/").returncode == 1


def test_s3_sync_moves_a_folder_there_and_back(
    aws: Cli, bucket: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    place = f"s3://{bucket}/{unique('cli')}"
    (tmp_path / "there/deep er").mkdir(parents=True)
    (tmp_path / "there/deep er/ü & x=1.txt").write_text("names are awkward")
    (tmp_path / "there/large.bin").write_bytes(bytes(range(256)) * (LARGER_THAN_ONE_PART // 256))
    aws("s3", "sync", "there", place)
    aws("s3", "sync", place, "back")
    assert _content(tmp_path / "back") == _content(tmp_path / "there")
    assert aws("s3", "sync", place, "back") == ""


def test_a_failure_is_told_with_awss_code_and_the_clis_exit_code(aws: Cli, unique: Callable[[str], str]) -> None:
    done = aws.run("sagemaker", "describe-training-job", "--training-job-name", unique("absent"))
    assert done.returncode in {254, 255}  # version 2 and version 1 of the aws-cli
    assert "An error occurred (ValidationException) when calling the DescribeTrainingJob operation: " in done.stderr
    assert "Requested resource not found" in done.stderr


def test_a_training_job_from_start_to_model(
    aws: Cli, workbench: Workbench, unique: Callable[[str], str], tmp_path: Path
) -> None:
    name = unique("cli")
    started = aws(
        *("sagemaker", "create-training-job", "--training-job-name", name),
        *("--algorithm-specification", f"TrainingImage={workbench.image},TrainingInputMode=File"),
        *("--hyper-parameters", "model=from the cli,print=learning"),
        *("--role-arn", workbench.role),
        *("--output-data-config", f"S3OutputPath=s3://{workbench.bucket}/{name}"),
        *("--resource-config", "InstanceType=ml.m5.large,InstanceCount=1,VolumeSizeInGB=1"),
        *("--stopping-condition", "MaxRuntimeInSeconds=600"),
        *("--tags", "Key=project,Value=contract"),
    )
    assert started["TrainingJobArn"].endswith(f":training-job/{name}")
    workbench.ended_training(name)  # the command's waiter first looks, then sleeps for two minutes
    assert aws("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name) == ""
    described = ("sagemaker", "describe-training-job", "--training-job-name", name)
    assert aws(*described, "--query", "TrainingJobStatus", "--output", "text") == "Completed"
    artifact = aws(*described, "--query", "ModelArtifacts.S3ModelArtifacts", "--output", "text")
    aws("s3", "cp", artifact, "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        content = archive.extractfile("model.txt")
        assert content is not None
        assert content.read() == b"from the cli"
    found = ("sagemaker", "list-training-jobs", "--status-equals", "Completed", "--name-contains", name)
    assert aws(*found, "--query", "TrainingJobSummaries[].TrainingJobName") == [name]
    assert aws("sagemaker", "list-tags", "--resource-arn", started["TrainingJobArn"], "--query", "Tags") == [
        {"Key": "project", "Value": "contract"}
    ]
    group = ("logs", "filter-log-events", "--log-group-name", "/aws/sagemaker/TrainingJobs")
    lines = aws(*group, "--log-stream-name-prefix", name, "--query", "events[].message")
    assert "learning" in lines


def test_a_training_job_that_is_stopped(aws: Cli, workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = unique("cli")
    workbench.train(name, {"sleep": "600"})
    aws("sagemaker", "stop-training-job", "--training-job-name", name)
    workbench.ended_training(name)
    words = ("sagemaker", "describe-training-job", "--training-job-name", name)
    assert aws(*words, "--query", "[TrainingJobStatus, SecondaryStatus]") == ["Stopped", "Stopped"]


def test_a_processing_job_and_its_waiter(aws: Cli, workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = unique("cli")
    workbench.process(name)
    workbench.ended_processing(name)
    aws("sagemaker", "wait", "processing-job-completed-or-stopped", "--processing-job-name", name)
    words = ("sagemaker", "describe-processing-job", "--processing-job-name", name)
    assert aws(*words, "--query", "ProcessingJobStatus") == "Completed"


def test_an_endpoint_from_model_to_deletion(
    aws: Cli, workbench: Workbench, unique: Callable[[str], str], tmp_path: Path
) -> None:
    name = unique("cli")
    container = {"Image": workbench.image, "Environment": {"DO_ATTRIBUTES": "from-the-model"}}
    aws(
        *("sagemaker", "create-model", "--model-name", name, "--execution-role-arn", workbench.role),
        *("--primary-container", json.dumps(container)),
    )
    variant = f"VariantName=only,ModelName={name},InstanceType=ml.m5.large,InitialInstanceCount=1"
    aws("sagemaker", "create-endpoint-config", "--endpoint-config-name", name, "--production-variants", variant)
    aws("sagemaker", "create-endpoint", "--endpoint-name", name, "--endpoint-config-name", name)
    workbench.settled_endpoint(name)  # the command's waiter first looks, then sleeps for half a minute
    aws("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", name)
    (tmp_path / "question.csv").write_bytes(b"1,2,3\n")
    told = aws(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", name, "--content-type", "text/csv"),
        *("--body", "fileb://question.csv", "answer.csv"),
    )
    assert (tmp_path / "answer.csv").read_bytes() == b"1,2,3\n"
    assert told["ContentType"] == "text/csv"
    assert told["InvokedProductionVariant"] == "only"
    assert told["CustomAttributes"] == "from-the-model"
    listed = ("sagemaker", "list-endpoints", "--name-contains", name, "--query", "Endpoints[].EndpointStatus")
    assert aws(*listed) == ["InService"]
    aws("sagemaker", "delete-endpoint", "--endpoint-name", name)
    workbench.await_deletion(name)
    aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", name)


def test_a_list_is_paged_by_the_cli(aws: Cli, workbench: Workbench, unique: Callable[[str], str]) -> None:
    word = unique("cli")
    names = [f"{word}-{number}" for number in range(3)]
    for name in names:
        workbench.model(name)
    listed = ("sagemaker", "list-models", "--name-contains", word, "--sort-by", "Name", "--sort-order", "Ascending")
    assert aws(*listed, "--page-size", "1", "--query", "Models[].ModelName") == names
    first = aws(*listed, "--max-items", "2")
    assert [model["ModelName"] for model in first["Models"]] == names[:2]
    rest = aws(*listed, "--starting-token", first["NextToken"])
    assert [model["ModelName"] for model in rest["Models"]] == names[2:]


@pytest.mark.embedded_only("would register a target on a real endpoint")
def test_an_endpoint_variant_becomes_a_scalable_target(
    aws: Cli, workbench: Workbench, unique: Callable[[str], str]
) -> None:
    name = unique("cli")
    workbench.endpoint(name)
    workbench.settled_endpoint(name)
    target = (
        *("--service-namespace", "sagemaker", "--resource-id", f"endpoint/{name}/variant/only"),
        *("--scalable-dimension", "sagemaker:variant:DesiredInstanceCount"),
    )
    aws("application-autoscaling", "register-scalable-target", *target, "--min-capacity", "1", "--max-capacity", "2")
    found = aws("application-autoscaling", "describe-scalable-targets", "--service-namespace", "sagemaker")
    assert f"endpoint/{name}/variant/only" in [one["ResourceId"] for one in found["ScalableTargets"]]
    workbench.dismantle(name)


@pytest.mark.embedded_only("speaks to the registry over plain HTTP")
def test_the_login_password_opens_the_registry(aws: Cli, cloud: EmbeddedCloud, image: str) -> None:
    password = aws("ecr", "get-login-password")
    host, _, rest = image.partition("/")
    repository, _, digest = rest.partition("@")
    assert _manifest_status(cloud, host, repository, digest, password) == 200
    assert _manifest_status(cloud, host, repository, digest, "guessed") in {401, 403}


def _manifest_status(cloud: EmbeddedCloud, host: str, repository: str, digest: str, password: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc, timeout=10)
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    headers = {"Host": host, "Authorization": f"Basic {token}"}
    connection.request("GET", f"/v2/{repository}/manifests/{digest}", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
