"""Requests are functions of inputs: what AWS gets is written down here in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import DataSet, Image, Model, Script
from agent.config.model import Spot
from agent.config.network import JobNetwork, Vpc
from agent.config.section import Resources
from agent.config.transform import BatchTransform
from agent.errors import UsageError
from agent.jobs.evaluation_job import evaluation_key, evaluation_order
from agent.jobs.machines import cluster
from agent.jobs.order import tags
from pipeline_steps import evaluate, prepare, train

if TYPE_CHECKING:
    from agent.jobs.order import JobOrder

ROLE = "arn:aws:iam::111111111111:role/iris-execution"
KMS_KEY = "arn:aws:kms:eu-central-1:111111111111:key/1"
IMAGE = Image(uri=f"111111111111.dkr.ecr.eu-central-1.amazonaws.com/iris@sha256:{'1' * 64}", media_type="application/x")
RESOURCES = Resources(instance_type="ml.m5.large", instance_count=2, volume_gb=10)
SCRIPT = Script(path="scripts/measure.py", sha256="2" * 64)
TAGS = tags("iris", "train", "3" * 64, "run-1")
COMMON: dict[str, Any] = {
    "project": "iris",
    "bucket": "iris-bucket",
    "role": ROLE,
    "resources": RESOURCES,
    "max_runtime": 600,
}


def data_set(name: str, content_type: str | None = None) -> DataSet:
    manifest = f"s3://iris-bucket/data/manifests/{name}.json"
    return DataSet(name=name, digest="4" * 64, manifest=manifest, files=1, size=1, content_type=content_type)


def model(artifact: str = "s3://iris-bucket/models/job/output/model.tar.gz", **members: Any) -> Model:
    return Model(**{"artifact": artifact, "sha256": "5" * 64, "image": IMAGE, "job": "job", **members})


def training(**members: Any) -> train.Inputs:
    channels = {"training": data_set("training", "text/csv"), "extra": data_set("extra")}
    given = {"image": IMAGE, "channels": channels, "hyperparameters": {"trees": "5"}, **COMMON, **members}
    return train.Inputs(**given)


def training_request(**members: Any) -> dict[str, Any]:
    return train.training_request("iris-train-1", training(**members), checkpoints="iris-train", job_tags=TAGS)


def evaluation(**members: Any) -> evaluate.Inputs:
    given: dict[str, Any] = {
        "model": model(),
        "champions": (),
        "method": SCRIPT,
        "data": data_set("evaluation"),
        "metrics": ("auc",),
    }
    return evaluate.Inputs(**{**COMMON, **given, **members})


def test_a_training_job_in_full() -> None:
    assert training_request() == {
        "TrainingJobName": "iris-train-1",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE.uri, "TrainingInputMode": "File"},
        "HyperParameters": {"trees": "5"},
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "ManifestFile",
                        "S3Uri": "s3://iris-bucket/data/manifests/training.json",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
                "InputMode": "File",
                "ContentType": "text/csv",
            },
            {
                "ChannelName": "extra",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "ManifestFile",
                        "S3Uri": "s3://iris-bucket/data/manifests/extra.json",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
                "InputMode": "File",
            },
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://iris-bucket/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": [
            {"Key": "modelyard:project", "Value": "iris"},
            {"Key": "modelyard:step", "Value": "train"},
            {"Key": "modelyard:key", "Value": "3" * 64},
            {"Key": "modelyard:run", "Value": "run-1"},
        ],
    }


def test_metrics_are_read_from_the_log_by_their_expressions() -> None:
    algorithm = training_request(metric_definitions={"auc": "auc=([0-9.]+)"})["AlgorithmSpecification"]
    assert algorithm["MetricDefinitions"] == [{"Name": "auc", "Regex": "auc=([0-9.]+)"}]


def test_a_key_encrypts_the_volume_and_the_artifact() -> None:
    request = training_request(kms_key=KMS_KEY)
    assert request["OutputDataConfig"]["KmsKeyId"] == KMS_KEY
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == KMS_KEY


@pytest.mark.parametrize(
    "kind", ["ml.m5d.large", "ml.g4dn.xlarge", "ml.g5.xlarge", "ml.p4de.24xlarge", "ml.trn1.2xlarge"]
)
def test_disks_of_the_machine_s_own_take_no_key(kind: str) -> None:
    """ResourceConfig: VolumeKmsKeyId cannot be requested for instances with local storage."""
    assert "VolumeKmsKeyId" not in cluster(Resources(instance_type=kind), KMS_KEY)


@pytest.mark.parametrize("kind", ["ml.m5.large", "ml.c5.xlarge", "ml.r5.large", "ml.p3.2xlarge", "ml.c6i.large"])
def test_other_volumes_take_the_key(kind: str) -> None:
    assert cluster(Resources(instance_type=kind), KMS_KEY)["VolumeKmsKeyId"] == KMS_KEY


def test_spare_capacity_has_a_wait_and_checkpoints_for_all_attempts() -> None:
    request = training_request(spot=Spot(max_wait=1200))
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}
    assert request["CheckpointConfig"] == {
        "S3Uri": "s3://iris-bucket/checkpoints/iris-train/",
        "LocalPath": "/opt/ml/checkpoints",
    }


def test_checkpoints_can_be_left_out() -> None:
    assert "CheckpointConfig" not in training_request(spot=Spot(max_wait=1200, checkpoint=False))


def test_an_evaluation_in_full() -> None:
    wanted = order_of(evaluation(kms_key=KMS_KEY))
    assert wanted.request("iris-evaluate-1") == {
        "ProcessingJobName": "iris-evaluate-1",
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": IMAGE.uri,
            "ContainerEntrypoint": [
                "python3",
                "-c",
                (
                    "import runpy, sys; _, *folders, script = sys.argv; sys.path[:1] = folders; "
                    "sys.argv[:] = [script]; runpy.run_path(script, run_name='__main__')"
                ),
                "/opt/ml/processing/input/code",
                "/opt/program",
                "/opt/ml/processing/input/code/measure.py",
            ],
        },
        "ProcessingInputs": [
            an_input("code", "/opt/ml/processing/input/code", f"s3://iris-bucket/code/{'2' * 64}/", "S3Prefix"),
            an_input(
                "model", "/opt/ml/processing/model", "s3://iris-bucket/models/job/output/model.tar.gz", "S3Prefix"
            ),
            an_input(
                "data",
                "/opt/ml/processing/input/data",
                "s3://iris-bucket/data/manifests/evaluation.json",
                "ManifestFile",
            ),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                an_output("evaluation", "/opt/ml/processing/output", "s3://iris-bucket/evaluations/iris-evaluate-1/")
            ],
            "KmsKeyId": KMS_KEY,
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 2,
                "VolumeSizeInGB": 10,
                "VolumeKmsKeyId": KMS_KEY,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": tags("iris", "evaluate", wanted.key, "run-1"),
    }


def test_a_transform_job_in_full() -> None:
    settings = BatchTransform(strategy="SingleRecord", max_payload_mb=10, max_concurrent=4)
    wanted = order_of(evaluation(method=settings, kms_key=KMS_KEY, max_runtime=7200))
    assert wanted.request("iris-evaluate-1") == {
        "TransformJobName": "iris-evaluate-1",
        "ModelName": "iris-evaluate-1",
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": 10,
        "MaxConcurrentTransforms": 4,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 3600},
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "ManifestFile",
                    "S3Uri": "s3://iris-bucket/data/manifests/evaluation.json",
                }
            },
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "DataProcessing": {"InputFilter": "$[1:]"},
        "TransformOutput": {
            "S3OutputPath": "s3://iris-bucket/evaluations/iris-evaluate-1/answers/",
            "Accept": "text/csv",
            "AssembleWith": "Line",
            "KmsKeyId": KMS_KEY,
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeKmsKeyId": KMS_KEY},
        "Tags": tags("iris", "evaluate", wanted.key, "run-1"),
    }


def test_a_transform_job_s_model_in_full() -> None:
    network = JobNetwork(vpc=Vpc(subnets=("subnet-1",), security_groups=("sg-1",)), isolated=True, encrypt_traffic=True)
    wanted = order_of(evaluation(method=BatchTransform(), network=network))
    assert wanted.serving is not None
    assert wanted.serving.max_runtime == 600
    assert wanted.serving.model("iris-evaluate-1") == {
        "ModelName": "iris-evaluate-1",
        "PrimaryContainer": {"Image": IMAGE.uri, "ModelDataUrl": "s3://iris-bucket/models/job/output/model.tar.gz"},
        "ExecutionRoleArn": ROLE,
        "Tags": tags("iris", "evaluate", wanted.key, "run-1"),
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "EnableNetworkIsolation": True,
    }


def test_another_way_to_be_asked_is_another_evaluation() -> None:
    ways = [SCRIPT, BatchTransform(), BatchTransform(strategy="SingleRecord")]
    assert len({key_of(evaluation(method=way), model()) for way in ways}) == len(ways)


def test_a_preparation_has_a_folder_for_each_source_and_output() -> None:
    inputs = prepare.Inputs(
        **COMMON, image=IMAGE, script=SCRIPT, sources={"iris": data_set("iris")}, outputs=("training", "evaluation")
    )
    request = prepare.preparation_request("iris-prepare-1", inputs, TAGS)
    assert request["ProcessingInputs"][1:] == [
        an_input("iris", "/opt/ml/processing/input/iris", "s3://iris-bucket/data/manifests/iris.json", "ManifestFile")
    ]
    assert request["ProcessingOutputConfig"]["Outputs"] == [
        an_output(name, f"/opt/ml/processing/output/{name}", f"s3://iris-bucket/prepared/iris-prepare-1/{name}/")
        for name in ("training", "evaluation")
    ]


def test_no_source_may_take_the_script_s_folder() -> None:
    inputs = prepare.Inputs(
        **COMMON, image=IMAGE, script=SCRIPT, sources={"code": data_set("iris")}, outputs=("training",)
    )
    with pytest.raises(UsageError, match="'code' has the name of the folder with the script"):
        prepare.preparation_request("iris-prepare-1", inputs, TAGS)


@pytest.mark.parametrize(
    ("types", "expected"),
    [(("text/csv", "text/csv"), "text/csv"), (("text/csv", None), None), (("text/csv", "application/json"), None)],
)
def test_what_is_prepared_has_the_type_that_all_sources_have(
    types: tuple[str | None, ...], expected: str | None
) -> None:
    assert prepare.content_type({str(n): data_set("x", kind) for n, kind in enumerate(types)}) == expected


@pytest.mark.parametrize(
    "members",
    [
        {"method": Script(path="measure.py", sha256="9" * 64)},
        {"data": data_set("evaluation").model_copy(update={"digest": "9" * 64})},
        {"resources": Resources(instance_type="ml.m5.xlarge")},
    ],
    ids=["script", "data", "resources"],
)
def test_an_evaluation_is_another_one_when_what_it_depends_on_differs(members: dict[str, Any]) -> None:
    assert key_of(evaluation(**members), model()) != key_of(evaluation(), model())


@pytest.mark.parametrize(
    "other",
    [{"sha256": "9" * 64}, {"image": Image(uri=f"x@sha256:{'9' * 64}", media_type="x")}],
    ids=["artifact", "image"],
)
def test_an_evaluation_of_another_model_is_another_one(other: dict[str, Any]) -> None:
    inputs = evaluation()
    assert key_of(inputs, model(**other)) != key_of(inputs, model())


@pytest.mark.parametrize(
    "members",
    [{"metrics": ("auc", "recall")}, {"max_runtime": 900}, {"role": "arn:aws:iam::1:role/x"}, {"kms_key": KMS_KEY}],
    ids=["metrics", "time limit", "role", "key"],
)
def test_what_does_not_change_the_numbers_does_not_change_the_evaluation(members: dict[str, Any]) -> None:
    moved = model(artifact="s3://iris-bucket/models/elsewhere/model.tar.gz", job="elsewhere")
    assert key_of(evaluation(**members), moved) == key_of(evaluation(), model())


def order_of(inputs: evaluate.Inputs) -> JobOrder:
    return evaluation_order(inputs, model(), inputs.data, lambda _: True, step="evaluate", run="run-1")


def key_of(inputs: evaluate.Inputs, of: Model) -> str:
    return evaluation_key(inputs, of, inputs.data)


def an_input(name: str, path: str, uri: str, kind: str) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind}
    how = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}
    return {"InputName": name, "S3Input": {**place, **how}}


def an_output(name: str, path: str, uri: str) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}}
