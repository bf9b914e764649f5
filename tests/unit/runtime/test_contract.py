"""Each container finds the files and variables that SageMaker's documentation promises it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from agent.errors import UsageError
from agent.runtime.contract.cluster import Cluster, Host
from agent.runtime.contract.folder import exit_message, failure_text, furnish
from agent.runtime.contract.processing import (
    ProcessingJob,
    host_path,
    processing_command,
    processing_environment,
    processing_files,
    processing_folders,
)
from agent.runtime.contract.serving import Batch, ServingModel, serving_environment, serving_folders
from agent.runtime.contract.training import (
    TrainingChannel,
    TrainingJob,
    training_environment,
    training_files,
    training_folders,
)
from agent.runtime.instances import Capacity, capacity

BASE = PurePosixPath("/opt/ml")
TWO = Cluster(hosts=tuple(Host(name=f"algo-{number}", instance_type="ml.m5.large") for number in (1, 2)), index=1)
JOB = TrainingJob(
    name="iris-1",
    arn="arn:aws:sagemaker:us-east-1:111111111111:training-job/iris-1",
    region="us-east-1",
    cluster=TWO,
    cpus=2,
    hyperparameters={"max-leaf-nodes": "5", "rate": "0.1", "name": "tree", "k": "true"},
    channels=(
        TrainingChannel(name="training", content_type="text/csv"),
        TrainingChannel(name="eval-set", input_mode="FastFile", distribution="ShardedByS3Key"),
    ),
    environment={"STAGE": "test"},
)


def config(name: str, job: TrainingJob = JOB) -> Any:
    return json.loads(training_files(job)[f"input/config/{name}.json"])


def variables(job: TrainingJob = JOB) -> dict[str, str]:
    return dict(training_environment(job, BASE))


# --- training -----------------------------------------------------------------------------------------------------


def test_hyperparameters_are_strings() -> None:
    assert config("hyperparameters") == {"max-leaf-nodes": "5", "rate": "0.1", "name": "tree", "k": "true"}


def test_channels_are_described() -> None:
    assert config("inputdataconfig") == {
        "training": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        },
        "eval-set": {
            "TrainingInputMode": "FastFile",
            "S3DistributionType": "ShardedByS3Key",
            "RecordWrapperType": "None",
        },
    }


def test_every_host_knows_itself_and_the_others() -> None:
    assert config("resourceconfig") == {
        "current_host": "algo-2",
        "current_instance_type": "ml.m5.large",
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1", "algo-2"],
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "ml.m5.large",
                "hosts": ["algo-1", "algo-2"],
            }
        ],
        "network_interface_name": "lo",
    }


def test_instance_groups_are_kept_apart() -> None:
    cluster = Cluster(
        hosts=(
            Host(name="algo-1", instance_type="ml.c5.xlarge", group="data"),
            Host(name="algo-2", instance_type="ml.g5.xlarge", group="dnn"),
        ),
        index=1,
    )
    job = TrainingJob(name="j", arn="a", region="r", cluster=cluster, cpus=4, gpus=1)
    assert [group["hosts"] for group in config("resourceconfig", job)["instance_groups"]] == [["algo-1"], ["algo-2"]]
    assert variables(job)["SM_CURRENT_INSTANCE_GROUP"] == "dnn"
    assert variables(job)["SM_IS_HETERO"] == "true"


def test_folders_of_training_exist_before_it_starts(tmp_path: Path) -> None:
    furnish(tmp_path, training_folders(JOB), training_files(JOB))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "input", "input/config", "input/config/hyperparameters.json", "input/config/inputdataconfig.json",
        "input/config/resourceconfig.json", "input/data", "input/data/eval-set", "input/data/training",
        "model", "output", "output/data",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRAINING_JOB_NAME", "iris-1"),
        ("TRAINING_JOB_ARN", JOB.arn),
        ("AWS_REGION", "us-east-1"),
        ("STAGE", "test"),
        ("SM_MODEL_DIR", "/opt/ml/model"),
        ("SM_OUTPUT_DIR", "/opt/ml/output"),
        ("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"),
        ("SM_INPUT_DIR", "/opt/ml/input"),
        ("SM_INPUT_CONFIG_DIR", "/opt/ml/input/config"),
        ("SM_CHANNELS", '["eval-set","training"]'),
        ("SM_CHANNEL_TRAINING", "/opt/ml/input/data/training"),
        ("SM_CHANNEL_EVAL_SET", "/opt/ml/input/data/eval-set"),
        ("SM_HPS", '{"k":true,"max-leaf-nodes":5,"name":"tree","rate":0.1}'),
        ("SM_HP_MAX_LEAF_NODES", "5"),
        ("SM_HP_NAME", "tree"),
        ("SM_USER_ARGS", '["-k","true","--max-leaf-nodes","5","--name","tree","--rate","0.1"]'),
        ("SM_HOSTS", '["algo-1","algo-2"]'),
        ("SM_CURRENT_HOST", "algo-2"),
        ("SM_CURRENT_INSTANCE_TYPE", "ml.m5.large"),
        ("SM_NETWORK_INTERFACE_NAME", "lo"),
        ("SM_NUM_CPUS", "2"),
        ("SM_NUM_GPUS", "0"),
        ("SM_LOG_LEVEL", "20"),
        ("SM_IS_HETERO", "false"),
    ],
)
def test_variables_of_training(name: str, value: str) -> None:
    assert variables()[name] == value


def test_the_documents_in_variables_are_those_in_files() -> None:
    assert json.loads(variables()["SM_RESOURCE_CONFIG"]) == config("resourceconfig")
    assert json.loads(variables()["SM_INPUT_DATA_CONFIG"]) == config("inputdataconfig")


def test_the_whole_environment_is_one_document() -> None:
    document = json.loads(variables()["SM_TRAINING_ENV"])
    assert document["hyperparameters"] == {"k": True, "max-leaf-nodes": 5, "name": "tree", "rate": 0.1}
    assert document["channel_input_dirs"]["training"] == "/opt/ml/input/data/training"
    assert document["current_host"] == "algo-2"
    assert document["is_master"] is False


def test_paths_follow_where_the_container_sees_its_folder() -> None:
    told = training_environment(JOB, PurePosixPath("/jobs/1"))
    assert told["SM_MODEL_DIR"] == "/jobs/1/model"
    assert told["SM_CHANNEL_TRAINING"] == "/jobs/1/input/data/training"


# --- processing ---------------------------------------------------------------------------------------------------

REQUEST: dict[str, Any] = {
    "ProcessingJobName": "evaluate-1",
    "AppSpecification": {
        "ImageUri": "image",
        "ContainerEntrypoint": ["python3", "/opt/program/evaluate.py"],
        "ContainerArguments": ["--rows", "5"],
    },
    "Environment": {"STAGE": "test"},
    "ProcessingInputs": [
        {"InputName": "data", "S3Input": {"S3Uri": "s3://b/d", "LocalPath": "/opt/ml/processing/input/data"}}
    ],
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "report", "S3Output": {"S3Uri": "s3://b/r", "LocalPath": "/opt/ml/processing/report"}}
        ]
    },
    "RoleArn": "role",
    "Tags": [{"Key": "a", "Value": "b"}],
}
PROCESSING = ProcessingJob(arn="arn:job", region="us-east-1", request=REQUEST, cluster=TWO)


def test_a_processing_container_finds_its_request_and_its_hosts() -> None:
    files = processing_files(PROCESSING)
    job = json.loads(files["config/processingjobconfig.json"])
    assert job["ProcessingJobArn"] == "arn:job"
    assert job["ProcessingInputs"] == REQUEST["ProcessingInputs"]
    assert "Tags" not in job
    assert json.loads(files["config/resourceconfig.json"])["current_host"] == "algo-2"


def test_inputs_and_outputs_of_processing_have_folders() -> None:
    assert set(processing_folders(PROCESSING)) >= {"config", "output", "processing/input/data", "processing/report"}


def test_the_command_of_processing_is_the_request_s() -> None:
    assert processing_command(PROCESSING) == (("python3", "/opt/program/evaluate.py"), ("--rows", "5"))
    bare = ProcessingJob(arn="", region="", request={"AppSpecification": {"ImageUri": "i"}}, cluster=TWO)
    assert processing_command(bare) == (None, ())


def test_variables_of_processing_are_the_request_s_and_the_region_s() -> None:
    assert processing_environment(PROCESSING)["STAGE"] == "test"
    assert processing_environment(PROCESSING)["AWS_REGION"] == "us-east-1"


@pytest.mark.parametrize("path", ["/data", "/opt/mlx/a", "/opt/ml/../x", "relative"])
def test_a_local_path_outside_opt_ml_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="must begin with /opt/ml/processing/"):
        host_path(Path("/job"), path)


def test_a_local_path_is_in_the_job_s_folder() -> None:
    assert host_path(Path("/job"), "/opt/ml/processing/input/") == Path("/job/processing/input")


# --- serving ------------------------------------------------------------------------------------------------------


def test_variables_of_serving() -> None:
    model = ServingModel(region="us-east-1", environment={"SAGEMAKER_PROGRAM": "inference.py"})
    assert serving_environment(model, BASE) == {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SM_MODEL_DIR": "/opt/ml/model",
        "SAGEMAKER_PROGRAM": "inference.py",
    }
    assert serving_folders(model) == ("model",)


def test_a_model_of_many_models_is_told_so() -> None:
    model = ServingModel(region="us-east-1", multi_model=True)
    assert serving_environment(model, BASE)["SAGEMAKER_MULTI_MODEL"] == "true"
    assert serving_folders(model) == ("models",)


def test_a_batch_transform_says_how_it_will_ask() -> None:
    told = serving_environment(ServingModel(region="r"), BASE, Batch(max_payload_mb=1, max_concurrent=2))
    assert {name: value for name, value in told.items() if name.startswith("SAGEMAKER_")} == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "MultiRecord",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2",
    }


# --- what a container says at its end -----------------------------------------------------------------------------


@pytest.mark.parametrize(("read", "name"), [(failure_text, "failure"), (exit_message, "message")])
def test_the_reason_is_the_start_of_what_was_written(tmp_path: Path, read: Any, name: str) -> None:
    assert read(tmp_path) == ""
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / name).write_text("é" * 2000)
    assert read(tmp_path) == "é" * 1024
    (tmp_path / "output" / name).write_bytes(b"bad \xff byte")
    assert read(tmp_path) == "bad \ufffd byte"


def test_a_reason_that_is_no_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "output/message").mkdir(parents=True)
    (tmp_path / "output/failure").symlink_to("/etc/hostname")
    assert failure_text(tmp_path) == exit_message(tmp_path) == ""


# --- instances ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml.t3.medium", Capacity(cpus=2, memory_mb=4 << 10)),
        ("ml.m5.large", Capacity(cpus=2, memory_mb=8 << 10)),
        ("ml.m5.24xlarge", Capacity(cpus=96, memory_mb=384 << 10)),
        ("ml.c5.9xlarge", Capacity(cpus=36, memory_mb=72 << 10)),
        ("ml.r5.xlarge", Capacity(cpus=4, memory_mb=32 << 10)),
        ("ml.g4dn.xlarge", Capacity(cpus=4, memory_mb=16 << 10, gpus=1)),
        ("ml.g5.12xlarge", Capacity(cpus=48, memory_mb=192 << 10, gpus=4)),
        ("ml.p3.2xlarge", Capacity(cpus=8, memory_mb=61 << 10, gpus=1)),
        ("ml.p4d.24xlarge", Capacity(cpus=96, memory_mb=1152 << 10, gpus=8)),
        ("ml.m99.2xlarge", Capacity(cpus=8, memory_mb=32 << 10)),
    ],
)
def test_what_an_instance_type_offers(name: str, expected: Capacity) -> None:
    assert capacity(name) == expected


@pytest.mark.parametrize("name", ["", "m5.large", "ml.m5", "ml.m5.huge", "ml.m5.0xlarge"])
def test_what_is_no_instance_type_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"expected one such as ml\.m5\.large"):
        capacity(name)
