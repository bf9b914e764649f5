"""Images as others build them for SageMaker, unchanged: pushed with docker, trained and served with boto3.

Each is the shape of something that is widely used: the classic nginx, gunicorn and flask; scripts run by
sagemaker-training; sagemaker-inference on multi-model-server.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.docker.contained import IMAGES, Account, archive, built, pushed, with_wheels
from tests.engine import PYTHON, debian_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def account(docker_host: str) -> Iterator[Account]:
    """In a cloud that runs containers only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        with EmbeddedCloud(runtime="docker") as cloud:
            yield Account(cloud=cloud)


def test_the_classic_layout_trains_and_serves(engine: DockerClient, account: Account) -> None:
    base = debian_image(*PYTHON, "nginx-light", "gunicorn", "python3-flask")
    name = built(engine, IMAGES / "scikit_bring_your_own", "modelyard-tests/classic:1", BASE_IMAGE=base)
    image = pushed(engine, account.cloud, name, "classic")
    uri = account.put("classic/rows.csv", "low,1,1\nlow,3,1\nhigh,9,9\nhigh,11,9\n")
    channel = {
        "ChannelName": "training",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.removesuffix("rows.csv")}},
    }

    described = account.train(image, {"digits": "2"}, InputDataConfig=[channel])
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    assert json.loads(account.model_files(described)["means.json"]) == {"low": [2, 1], "high": [10, 9]}

    with account.serving(image, described["ModelArtifacts"]["S3ModelArtifacts"]) as endpoint:
        assert account.ask(endpoint, "2,2\n8,8\n") == "low\nhigh\n"
        refused = account.sagemaker_runtime.exceptions.ModelError
        with pytest.raises(refused, match="only supports CSV"):
            account.ask(endpoint, "{}", "application/json")


def test_its_failure_is_the_job_s(engine: DockerClient, account: Account) -> None:
    image = account.cloud.client("ecr").describe_images(repositoryName="classic")["imageDetails"][0]
    uri = f"{image['registryId']}.dkr.ecr.us-east-1.amazonaws.com/classic@{image['imageDigest']}"
    bad = account.put("bad/rows.csv", "low,one,two\n")
    channel = {
        "ChannelName": "training",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": bad.removesuffix("rows.csv")}},
    }
    described = account.train(uri, {"digits": "2"}, InputDataConfig=[channel])
    assert described["TrainingJobStatus"] == "Failed"
    assert "Exception during training: could not convert string to float: 'one'" in described["FailureReason"]
    assert described["FailureReason"].endswith("exit code: 255")


def test_a_script_is_fetched_and_run_by_sagemaker_training(
    engine: DockerClient, account: Account, tmp_path: Path
) -> None:
    context = with_wheels("script_mode", tmp_path)
    name = built(engine, context, "modelyard-tests/script-mode:1", BASE_IMAGE=debian_image(*PYTHON))
    image = pushed(engine, account.cloud, name, "script-mode")
    source = account.put("code/source.tar.gz", archive({"train.py": (context / "train.py").read_text()}))
    uri = account.put("script/rows.csv", "1\n2\n3\n")
    channel = {
        "ChannelName": "training",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.removesuffix("rows.csv")}},
    }
    hyperparameters = {
        "sagemaker_program": json.dumps("train.py"),
        "sagemaker_submit_directory": json.dumps(source),
        "epochs": "3",
        "rate": "0.5",
        "name": json.dumps("two words"),
    }

    described = account.train(image, hyperparameters, InputDataConfig=[channel])
    lines = account.logged("/aws/sagemaker/TrainingJobs", described["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", (described.get("FailureReason"), lines[-30:])
    told = json.loads(account.model_files(described)["model.json"])
    assert told == {"epochs": 3, "rate": 0.5, "name": "two words", "rows": 3}
    assert any("who trains: arn:aws:sts::111111111111:assumed-role/execution/" in line for line in lines)


def test_a_model_is_served_by_multi_model_server(engine: DockerClient, account: Account, tmp_path: Path) -> None:
    context = with_wheels("multi_model_server", tmp_path)
    base = debian_image(*PYTHON, "default-jre-headless")
    name = built(engine, context, "modelyard-tests/multi-model-server:1", BASE_IMAGE=base)
    image = pushed(engine, account.cloud, name, "multi-model-server")
    data = account.put("models/factor.tar.gz", archive({"factor.json": json.dumps({"factor": 3})}))
    with account.serving(image, data) as endpoint:
        assert json.loads(account.ask(endpoint, "[1, 2.5]", "application/json")) == [3.0, 7.5]
