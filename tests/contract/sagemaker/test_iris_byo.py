"""The iris example through every kind of job: tuned, trained, its model applied to a whole data set.

Source: the developer guide's "Train a model", "Automatic model tuning" and "Batch transform" chapters, which this
follows with an image that brings its own container.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract.provision import push_image
from tests.contract.workbench import Workbench
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory

EXAMPLE = ROOT / "examples" / "iris-byo"
METRICS = [{"Name": "accuracy", "Regex": "(?<!_)accuracy=([0-9.]+);"}, {"Name": "leaves", "Regex": "leaves=([0-9]+);"}]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Fisher's data as the example writes it: a label and four numbers in each row."""
    path: Path = tmp_path_factory.mktemp("iris") / "iris.csv"
    subprocess.run([sys.executable, EXAMPLE / "make_data.py", path], check=True)
    return list(csv.reader(io.StringIO(path.read_text())))


@pytest.fixture(scope="module")
def iris(session_cloud: EmbeddedCloud | None, role: str, bucket: str) -> Workbench:
    """Jobs of the example's own image."""
    if session_cloud is None:
        pytest.skip("not on AWS: the example's image is built without an engine here")
    image = push_image(session_cloud, "examples/iris-byo", program=EXAMPLE / "program")
    return Workbench(sagemaker=session_cloud.client("sagemaker"), role=role, bucket=bucket, image=image)


@pytest.fixture(scope="module")
def data(client: ClientFactory, bucket: str, rows: list[list[str]]) -> str:
    """The prefix of what is trained on, and of the same rows without their labels."""
    training = "\n".join(",".join(row) for row in rows)
    features = "\n".join(",".join(row[1:]) for row in rows)
    client("s3").put_object(Bucket=bucket, Key="iris/training/iris.csv", Body=training.encode())
    client("s3").put_object(Bucket=bucket, Key="iris/features/iris.csv", Body=features.encode())
    return f"s3://{bucket}/iris"


def channels(data: str) -> list[dict[str, object]]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{data}/training/"}
    return [{"ChannelName": "training", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}]


def algorithm(iris: Workbench) -> dict[str, object]:
    return {"TrainingImage": iris.image, "TrainingInputMode": "File", "MetricDefinitions": METRICS}


def test_the_trained_model_predicts_what_it_was_trained_on(
    iris: Workbench, data: str, rows: list[list[str]], client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """CreateTrainingJob, CreateModel with its ModelArtifacts, CreateTransformJob over the features."""
    name = unique("iris")
    iris.train(name, {"max_leaf_nodes": "5"}, AlgorithmSpecification=algorithm(iris), InputDataConfig=channels(data))
    job = iris.ended_training(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics["accuracy"] > 0.9
    assert metrics["leaves"] == 5
    container = {"Image": iris.image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    iris.model(name, PrimaryContainer=container)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{data}/features/"}}
    iris.transform(
        name,
        name,
        "",
        TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{iris.bucket}/{name}", "AssembleWith": "Line"},
    )
    assert iris.ended_transform(name)["TransformJobStatus"] == "Completed"
    body = client("s3").get_object(Bucket=iris.bucket, Key=f"{name}/iris.csv.out")["Body"].read().decode()
    right = [label == row[0] for label, row in zip(body.split(), rows, strict=True)]
    assert sum(right) > 0.9 * len(rows)


def test_data_that_is_no_data_is_explained(
    iris: Workbench, bucket: str, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """DescribeTrainingJob: FailureReason says what the algorithm wrote to /opt/ml/output/failure."""
    name = unique("broken")
    client("s3").put_object(Bucket=bucket, Key=f"{name}/training/iris.csv", Body=b"setosa,wide,1,2,3\n")
    iris.train(name, InputDataConfig=channels(f"s3://{bucket}/{name}"))
    reason = iris.ended_training(name)["FailureReason"]
    assert reason.startswith("AlgorithmError: Exception during training: iris.csv, line 1: could not convert string")


def test_tuning_finds_how_many_leaves_the_tree_needs(iris: Workbench, data: str, unique: Callable[[str], str]) -> None:
    """CreateHyperParameterTuningJob: a grid over max_leaf_nodes; two leaves cannot tell three species apart."""
    name = unique("leaf")
    training = iris.training("unused", AlgorithmSpecification=algorithm(iris), InputDataConfig=channels(data))
    passed = (
        "AlgorithmSpecification",
        "InputDataConfig",
        "RoleArn",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
    )
    leaves = {"CategoricalParameterRanges": [{"Name": "max_leaf_nodes", "Values": ["2", "6"]}]}
    iris.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "accuracy"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 2},
            "ParameterRanges": leaves,
        },
        TrainingJobDefinition={key: training[key] for key in passed},
    )
    job = iris.ended_tuning(name)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"max_leaf_nodes": "6"}
