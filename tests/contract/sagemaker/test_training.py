"""Training jobs: what they are told, what they leave, and how every way of ending reads in DescribeTrainingJob.

Sources: CreateTrainingJob, DescribeTrainingJob, StopTrainingJob, ListTrainingJobs and DeleteTrainingJob in the
SageMaker API reference, and the developer guide's "How Amazon SageMaker AI provides training information".
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.workbench import ENDED, INSTANCE, Workbench, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory

GROUP = "/aws/sagemaker/TrainingJobs"
SPOT: dict[str, Any] = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
}


@pytest.fixture
def name(unique: Callable[[str], str]) -> str:
    return unique("train")


def prefix_channel(bucket: str, prefix: str, name: str = "train", **source: Any) -> dict[str, Any]:
    data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}", **source}
    return {"ChannelName": name, "DataSource": {"S3DataSource": data}}


def instances(count: int) -> dict[str, Any]:
    return {"InstanceType": INSTANCE, "InstanceCount": count, "VolumeSizeInGB": 1}


def put(client: ClientFactory, bucket: str, objects: dict[str, str]) -> None:
    for key, text in objects.items():
        client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


def archive(client: ClientFactory, uri: str) -> dict[str, str]:
    """The files of a ``.tar.gz`` in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
        members = {member.name: tar.extractfile(member) for member in tar.getmembers() if member.isfile()}
        return {path.removeprefix("./"): file.read().decode() for path, file in members.items() if file is not None}


def model(client: ClientFactory, job: dict[str, Any]) -> dict[str, str]:
    return archive(client, job["ModelArtifacts"]["S3ModelArtifacts"])


def report(client: ClientFactory, job: dict[str, Any]) -> dict[str, Any]:
    """What the container saw (the image's order ``report``)."""
    seen: dict[str, Any] = json.loads(model(client, job)["report.json"])
    return seen


def await_secondary(workbench: Workbench, name: str, status: str) -> dict[str, Any]:
    """The description once a job has come to a secondary status, or to its end."""
    return once(
        lambda: workbench.sagemaker.describe_training_job(TrainingJobName=name),
        "SecondaryStatus",
        frozenset({status, "MaxRuntimeExceeded", *ENDED}),
    )


def await_object(client: ClientFactory, bucket: str, key: str) -> None:
    """Return once an object exists."""

    def listed() -> dict[str, Any]:
        return {"found": str(client("s3").list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"])}

    once(listed, "found", frozenset({"1"}))


def printed(client: ClientFactory, name: str) -> list[str]:
    """What a job's containers printed, stream by stream."""
    logs = client("logs")
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
    ]


def statuses(job: dict[str, Any]) -> list[str]:
    return [step["Status"] for step in job["SecondaryStatusTransitions"]]


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """Code and message of the error that a call answers."""
    with pytest.raises(ClientError) as error:
        call(**members)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


# --- a job that completes ------------------------------------------------------------------------------------------


def test_a_job_completes_and_its_model_is_in_s3(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """DescribeTrainingJob: ModelArtifacts; the model's archive is under S3OutputPath, job name and output."""
    arn = workbench.train(name, {"model": "trained"})
    job = workbench.ended_training(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["TrainingJobArn"] == arn
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bucket}/output/{name}/output/model.tar.gz"
    assert model(client, job) == {"model.txt": "trained"}


def test_other_output_is_an_archive_of_its_own(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """Developer guide, "Amazon SageMaker Training storage paths": /opt/ml/output/data becomes output.tar.gz."""
    workbench.train(name, {"output": "plots"})
    workbench.ended_training(name)
    assert archive(client, f"s3://{bucket}/output/{name}/output/output.tar.gz") == {"output.txt": "plots"}


def test_an_uncompressed_model_is_a_prefix(workbench: Workbench, client: ClientFactory, name: str, bucket: str) -> None:
    """OutputDataConfig: CompressionType NONE outputs an uncompressed model."""
    output = {"S3OutputPath": f"s3://{bucket}/output", "CompressionType": "NONE"}
    workbench.train(name, {"model": "plain"}, OutputDataConfig=output)
    assert workbench.ended_training(name)["TrainingJobStatus"] == "Completed"
    found = client("s3").get_object(Bucket=bucket, Key=f"output/{name}/output/model/model.txt")
    assert found["Body"].read() == b"plain"


def test_the_history_tells_every_stage_with_its_times(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """SecondaryStatusTransition: status, start, end and message of each stage."""
    put(client, bucket, {f"{name}/data.csv": "1,2"})
    workbench.train(name, InputDataConfig=[prefix_channel(bucket, f"{name}/")])
    job = workbench.ended_training(name)
    assert statuses(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(step["StartTime"] <= step["EndTime"] for step in job["SecondaryStatusTransitions"])
    assert all(step["StatusMessage"] for step in job["SecondaryStatusTransitions"])
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1


def test_a_job_is_described_as_it_was_asked_for(workbench: Workbench, name: str) -> None:
    """DescribeTrainingJob answers the request's members, and its defaults for those that were left out."""
    request = workbench.training(name, {"a": "1"}, Environment={"B": "2"})
    workbench.sagemaker.create_training_job(**request)
    job = workbench.ended_training(name)
    assert {key: job[key] for key in request} == request
    assert not job["EnableManagedSpotTraining"]
    assert not job["EnableNetworkIsolation"]


# --- what the container is told ------------------------------------------------------------------------------------


def test_the_container_finds_its_configuration(workbench: Workbench, client: ClientFactory, name: str) -> None:
    """Developer guide: hyperparameters.json holds strings; resourceconfig.json names hosts."""
    workbench.train(name, {"report": "", "epochs": "3"})
    seen = report(client, workbench.ended_training(name))
    assert seen["config"]["hyperparameters.json"] == {"report": "", "epochs": "3"}
    assert seen["config"]["resourceconfig.json"]["hosts"] == ["algo-1"]
    assert seen["arguments"] == ["train"]


def test_the_container_finds_its_variables(workbench: Workbench, client: ClientFactory, name: str, region: str) -> None:
    """CreateTrainingJob: Environment; the guide names TRAINING_JOB_NAME, TRAINING_JOB_ARN and the region."""
    arn = workbench.train(name, {"report": ""}, Environment={"MY_SETTING": "a b"})
    seen = report(client, workbench.ended_training(name))["environment"]
    assert seen["MY_SETTING"] == "a b"
    assert seen["TRAINING_JOB_NAME"] == name
    assert seen["TRAINING_JOB_ARN"] == arn
    assert seen["AWS_REGION"] == region


def test_an_isolated_container_has_neither_a_network_nor_keys(
    workbench: Workbench, client: ClientFactory, name: str
) -> None:
    """CreateTrainingJob: EnableNetworkIsolation; the guide: no AWS credentials are made available to the container."""
    workbench.train(name, {"report": ""}, EnableNetworkIsolation=True)
    job = workbench.ended_training(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert "AWS_SECRET_ACCESS_KEY" not in report(client, job)["environment"]


def test_a_prefix_channel_brings_its_objects(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """S3DataSource: all objects with the key name prefix are used."""
    put(client, bucket, {f"{name}/a.csv": "1", f"{name}/deep/b.csv": "2"})
    workbench.train(name, {"report": ""}, InputDataConfig=[prefix_channel(bucket, f"{name}/")])
    seen = report(client, workbench.ended_training(name))
    assert seen["files"] == {"input/data/train/a.csv": "1", "input/data/train/deep/b.csv": "2"}
    assert seen["config"]["inputdataconfig.json"]["train"]["TrainingInputMode"] == "File"


def test_a_manifest_channel_brings_exactly_what_it_names(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """S3DataSource: a ManifestFile lists object keys after their common prefix."""
    manifest = json.dumps([{"prefix": f"s3://{bucket}/{name}/"}, "a.csv"])
    put(client, bucket, {f"{name}/a.csv": "1", f"{name}/b.csv": "2", f"{name}.manifest": manifest})
    channel = prefix_channel(bucket, f"{name}.manifest", S3DataType="ManifestFile")
    workbench.train(name, {"report": ""}, InputDataConfig=[channel])
    assert report(client, workbench.ended_training(name))["files"] == {"input/data/train/a.csv": "1"}


def test_sharded_channels_are_divided_among_the_hosts(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """S3DataSource: ShardedByS3Key gives each instance a share; together the hosts have everything once."""
    put(client, bucket, {f"{name}/{letter}.csv": letter for letter in "abcd"})
    sharded = prefix_channel(bucket, f"{name}/", S3DataDistributionType="ShardedByS3Key")
    workbench.train(name, {"copy": "", "model": ""}, InputDataConfig=[sharded], ResourceConfig=instances(2))
    workbench.ended_training(name)
    copied = archive(client, f"s3://{bucket}/output/{name}/output/output.tar.gz")
    assert sorted(copied.values()) == list("abcd")


# --- metrics and logs ----------------------------------------------------------------------------------------------


def test_metrics_are_found_in_the_log_by_their_definitions(
    workbench: Workbench, client: ClientFactory, name: str, image: str
) -> None:
    """DescribeTrainingJob: FinalMetricDataList has the last value of each metric; CloudWatch has all of them."""
    algorithm = {
        "TrainingImage": image,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": f"{name}:acc", "Regex": "acc=([0-9.]+)"}],
    }
    workbench.train(name, AlgorithmSpecification=algorithm, Environment={"DO_PRINT": "acc=0.5\nacc=0.75\nloss=9"})
    (final,) = workbench.ended_training(name)["FinalMetricDataList"]
    assert (final["MetricName"], final["Value"]) == (f"{name}:acc", 0.75)
    metrics = client("cloudwatch").list_metrics(Namespace=GROUP, MetricName=f"{name}:acc")["Metrics"]
    assert [metric["Dimensions"] for metric in metrics] == [[{"Name": "TrainingJobName", "Value": name}]]


def test_what_a_container_prints_is_in_cloudwatch_logs(workbench: Workbench, client: ClientFactory, name: str) -> None:
    """Developer guide, "Amazon SageMaker AI logs": /aws/sagemaker/TrainingJobs, job/algo-number-epoch."""
    workbench.train(name, Environment={"DO_PRINT": "first\nsecond"})
    workbench.ended_training(name)
    (stream,) = client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=name)["logStreams"]
    assert stream["logStreamName"].startswith(f"{name}/algo-1-")
    assert printed(client, name) == ["first", "second"]


@pytest.mark.embedded_only("makes roles")
def test_a_role_without_log_permissions_loses_its_logs_but_not_its_job(
    workbench: Workbench, client: ClientFactory, name: str, unique: Callable[[str], str]
) -> None:
    """Developer guide, "SageMaker AI roles": logs are written with the execution role's permissions."""
    allowed = ["s3:*", "ecr:*"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]}
    role = create_role(client("iam"), unique("silent"), policy)
    workbench.train(name, Environment={"DO_PRINT": "unheard"}, RoleArn=role)
    assert workbench.ended_training(name)["TrainingJobStatus"] == "Completed"
    groups = client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    streams = [
        stream["logStreamName"]
        for group in groups
        for stream in client("logs").describe_log_streams(logGroupName=group["logGroupName"], logStreamNamePrefix=name)[
            "logStreams"
        ]
    ]
    assert streams == []


def test_throttled_logs_come_later(
    workbench: Workbench, client: ClientFactory, name: str, cloud: EmbeddedCloud
) -> None:
    """PutLogEvents: ThrottlingException; no line of the container is lost."""
    cloud.fault("throttling", operation="logs:*", count=2)
    workbench.train(name, Environment={"DO_PRINT": "first\nsecond"})
    workbench.ended_training(name)
    assert printed(client, name) == ["first", "second"]


# --- failures ------------------------------------------------------------------------------------------------------


def test_a_failing_algorithm_explains_itself(workbench: Workbench, name: str) -> None:
    """Developer guide: the start of /opt/ml/output/failure becomes the FailureReason."""
    workbench.train(name, {"fail": "the data is empty"})
    job = workbench.ended_training(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == "AlgorithmError: the data is empty, exit code: 1"


def test_a_silent_failure_still_has_its_exit_code(workbench: Workbench, name: str) -> None:
    """DescribeTrainingJob: FailureReason."""
    workbench.train(name, {"exit": "3"})
    assert workbench.ended_training(name)["FailureReason"] == "AlgorithmError: , exit code: 3"


def test_a_program_killed_by_a_signal_has_the_engine_s_exit_code(workbench: Workbench, name: str) -> None:
    """DescribeTrainingJob: FailureReason; container engines say 128 and the signal's number."""
    workbench.train(name, {"signal": "11"})
    assert workbench.ended_training(name)["FailureReason"] == "AlgorithmError: , exit code: 139"


def test_a_program_that_does_not_exist_fails(workbench: Workbench, name: str, image: str) -> None:
    """AlgorithmSpecification: ContainerEntrypoint; an engine's exit code for what is not found is 127."""
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File", "ContainerEntrypoint": ["no-such-program"]}
    workbench.train(name, AlgorithmSpecification=algorithm)
    assert workbench.ended_training(name)["FailureReason"] == "AlgorithmError: , exit code: 127"


def test_an_entrypoint_and_arguments_replace_the_image_s(
    workbench: Workbench, client: ClientFactory, name: str, image: str
) -> None:
    """AlgorithmSpecification: ContainerEntrypoint and ContainerArguments."""
    algorithm = {
        "TrainingImage": image,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["train"],
        "ContainerArguments": ["--fast"],
    }
    workbench.train(name, {"report": ""}, AlgorithmSpecification=algorithm)
    assert report(client, workbench.ended_training(name))["arguments"] == ["train", "--fast"]


def test_an_image_that_does_not_exist_fails_the_job(workbench: Workbench, name: str, image: str) -> None:
    """DescribeTrainingJob: FailureReason of an image that cannot be pulled."""
    absent = {"TrainingImage": f"{image.partition('@')[0]}:absent", "TrainingInputMode": "File"}
    try:
        workbench.train(name, AlgorithmSpecification=absent)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationException"  # noqa: PT017 - AWS may look before it accepts
        return
    assert workbench.ended_training(name)["FailureReason"].startswith("ClientError: ")


def test_one_failing_host_fails_the_job(workbench: Workbench, name: str) -> None:
    """Developer guide, "Distributed training": a job fails when one of its instances fails."""
    workbench.train(name, {"fail": "rank 2", "only-on": "algo-2"}, ResourceConfig=instances(3))
    assert workbench.ended_training(name)["FailureReason"] == "AlgorithmError: rank 2, exit code: 1"


# --- several hosts -------------------------------------------------------------------------------------------------


def test_every_host_knows_itself_and_the_others(workbench: Workbench, client: ClientFactory, name: str) -> None:
    """Developer guide, "Distributed training configuration": resourceconfig.json with current_host and hosts."""
    workbench.train(name, {"report": ""}, ResourceConfig=instances(2))
    seen = report(client, workbench.ended_training(name))
    assert seen["host"] == "algo-1"
    assert seen["config"]["resourceconfig.json"]["hosts"] == ["algo-1", "algo-2"]
    streams = client("logs").describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=name)["logStreams"]
    assert len(streams) in {0, 2}  # a host that prints nothing may have no stream


def test_instance_groups_get_their_own_channels(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """S3DataSource: InstanceGroupNames; ResourceConfig: InstanceGroups of a heterogeneous cluster."""
    put(client, bucket, {f"{name}/a.csv": "1"})
    groups = [
        {"InstanceGroupName": group, "InstanceType": INSTANCE, "InstanceCount": 1} for group in ("first", "second")
    ]
    channel = prefix_channel(bucket, f"{name}/", InstanceGroupNames=["second"])
    workbench.train(
        name,
        {"report": ""},
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1},
        InputDataConfig=[channel],
    )
    seen = report(client, workbench.ended_training(name))
    assert seen["config"]["resourceconfig.json"]["current_group_name"] == "first"
    assert seen["files"] == {}


# --- stopping and limits -------------------------------------------------------------------------------------------


def test_a_stopped_job_keeps_what_it_saved(workbench: Workbench, client: ClientFactory, name: str) -> None:
    """StopTrainingJob: SIGTERM, so that the algorithm can save; the model is uploaded and the job is Stopped."""
    workbench.train(name, {"sleep": "3600", "on-sigterm": "saved"}, Environment={"DO_PRINT": "ready"})
    await_secondary(workbench, name, "Training")
    time.sleep(0.5)  # the program sets its handler right after its start
    workbench.sagemaker.stop_training_job(TrainingJobName=name)
    job = workbench.ended_training(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "FailureReason" not in job
    assert model(client, job)["model.txt"] == "saved"


def test_a_job_that_ignores_the_signal_is_killed_after_two_minutes(
    workbench: Workbench, name: str, cloud: EmbeddedCloud
) -> None:
    """StopTrainingJob: job termination is delayed for 120 seconds."""
    workbench.train(name, {"sleep": "3600", "ignore-sigterm": ""})
    await_secondary(workbench, name, "Training")
    time.sleep(0.5)
    workbench.sagemaker.stop_training_job(TrainingJobName=name)
    cloud.advance(110)
    assert workbench.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Stopping"
    cloud.advance(11)
    assert workbench.ended_training(name)["TrainingJobStatus"] == "Stopped"


def test_a_job_that_has_ended_cannot_be_stopped(workbench: Workbench, name: str) -> None:
    """StopTrainingJob of a job that is not in progress."""
    workbench.train(name)
    workbench.ended_training(name)
    answer = refused(workbench.sagemaker.stop_training_job, TrainingJobName=name)
    assert answer == (
        "ValidationException",
        "The request was rejected because the training job is in status Completed.",
    )


def test_a_job_that_runs_too_long_is_stopped_for_that(
    workbench: Workbench, client: ClientFactory, name: str, cloud: EmbeddedCloud
) -> None:
    """StoppingCondition: MaxRuntimeInSeconds; the job is Stopped with MaxRuntimeExceeded and keeps its artifacts."""
    limit = {"MaxRuntimeInSeconds": 600}
    workbench.train(name, {"sleep": "3600", "on-sigterm": "in time"}, StoppingCondition=limit)
    await_secondary(workbench, name, "Training")
    time.sleep(0.5)
    cloud.advance(600)
    job = workbench.ended_training(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert model(client, job)["model.txt"] == "in time"
    assert job["BillableTimeInSeconds"] >= 600


# --- spot, capacity and failures of the service --------------------------------------------------------------------


def test_a_spot_job_goes_on_from_its_checkpoints_after_an_interruption(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str, cloud: EmbeddedCloud
) -> None:
    """Developer guide, "Managed Spot Training": Interrupted, then Starting again with the checkpoints of S3."""
    checkpoints = {"S3Uri": f"s3://{bucket}/{name}"}
    workbench.train(name, {"checkpoint": "here", "sleep-once": "3600"}, CheckpointConfig=checkpoints, **SPOT)
    await_object(client, bucket, f"{name}/progress.txt")
    cloud.fault("interruption", resource=name)
    job = workbench.ended_training(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert statuses(job).count("Interrupted") == 1
    assert statuses(job).count("Training") == 2
    kept = client("s3").get_object(Bucket=bucket, Key=f"{name}/progress.txt")["Body"].read()
    assert kept == b"here\nhere\n"


def test_checkpoints_of_an_earlier_job_are_there_at_the_start(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """CheckpointConfig: what is in S3 is copied to /opt/ml/checkpoints before the job starts, and back."""
    put(client, bucket, {f"{name}/progress.txt": "earlier\n"})
    workbench.train(name, {"report": "", "checkpoint": "later"}, CheckpointConfig={"S3Uri": f"s3://{bucket}/{name}"})
    seen = report(client, workbench.ended_training(name))
    assert seen["checkpoints"] == {"checkpoints/progress.txt": "earlier\n"}
    kept = client("s3").get_object(Bucket=bucket, Key=f"{name}/progress.txt")["Body"].read()
    assert kept == b"earlier\nlater\n"


def test_checkpoints_may_lie_where_the_job_wants_them(
    workbench: Workbench, client: ClientFactory, name: str, image: str, bucket: str
) -> None:
    """CheckpointConfig: LocalPath."""
    put(client, bucket, {f"{name}/progress.txt": "earlier"})
    workbench.train(
        name,
        AlgorithmSpecification={
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/cp", "/data/checkpoints/progress.txt", "/opt/ml/model/"],
        },
        CheckpointConfig={"S3Uri": f"s3://{bucket}/{name}", "LocalPath": "/data/checkpoints/"},
    )
    assert model(client, workbench.ended_training(name)) == {"progress.txt": "earlier"}


def test_a_spot_job_that_waits_too_long_is_stopped_for_that(
    workbench: Workbench, name: str, cloud: EmbeddedCloud
) -> None:
    """StoppingCondition: MaxWaitTimeInSeconds covers waiting for spot capacity."""
    cloud.fault("capacity", resource=name, count=1000)
    workbench.train(name, **SPOT)
    await_secondary(workbench, name, "Starting")
    cloud.advance(7200)
    job = workbench.ended_training(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_a_job_without_capacity_fails_in_aws_s_words(workbench: Workbench, name: str, cloud: EmbeddedCloud) -> None:
    """DescribeTrainingJob: FailureReason of a CapacityError."""
    cloud.fault("capacity", resource=name)
    workbench.train(name)
    assert workbench.ended_training(name)["FailureReason"].startswith(
        "CapacityError: Unable to provision requested ML compute capacity"
    )


def test_a_failure_of_the_service_is_told_as_such(workbench: Workbench, name: str, cloud: EmbeddedCloud) -> None:
    """RetryStrategy: without it a job that meets an InternalServerError fails."""
    cloud.fault("job-failure", resource=name, seconds=0)
    workbench.train(name, {"sleep": "3600"})
    assert workbench.ended_training(name)["FailureReason"].startswith("InternalServerError: ")


def test_a_failure_of_the_service_is_retried_if_asked(workbench: Workbench, name: str, cloud: EmbeddedCloud) -> None:
    """RetryStrategy: MaximumRetryAttempts; the retried job is Starting again."""
    cloud.fault("job-failure", resource=name)
    workbench.train(name, {"sleep": "1"}, RetryStrategy={"MaximumRetryAttempts": 1})
    job = workbench.ended_training(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert statuses(job).count("Starting") == 2


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_name_belongs_to_one_job(workbench: Workbench, name: str) -> None:
    """CreateTrainingJob: TrainingJobName must be unique within a region in an account; ResourceInUse."""
    arn = workbench.train(name)
    code, message = refused(workbench.sagemaker.create_training_job, **workbench.training(name))
    assert code == "ResourceInUse"
    assert arn in message


def test_an_input_without_objects_is_refused(workbench: Workbench, name: str, bucket: str) -> None:
    """CreateTrainingJob looks for the objects of a channel with the role's permissions."""
    request = workbench.training(name, InputDataConfig=[prefix_channel(bucket, f"{name}/nothing")])
    code, message = refused(workbench.sagemaker.create_training_job, **request)
    assert code == "ValidationException"
    assert message.startswith(f'No S3 objects found under S3 URL "s3://{bucket}/{name}/nothing" given in input data')


def test_spot_training_needs_a_wait_time(workbench: Workbench, name: str) -> None:
    """StoppingCondition: MaxWaitTimeInSeconds must be present with EnableManagedSpotTraining."""
    code, message = refused(
        workbench.sagemaker.create_training_job, **workbench.training(name, EnableManagedSpotTraining=True)
    )
    assert code == "ValidationException"
    assert "MaxWaitTimeInSeconds" in message


def test_a_role_that_sagemaker_may_not_assume_is_refused(workbench: Workbench, name: str, account_id: str) -> None:
    """CreateTrainingJob: the role must exist and trust sagemaker.amazonaws.com."""
    request = workbench.training(name, RoleArn=f"arn:aws:iam::{account_id}:role/no-such-role")
    code, _ = refused(workbench.sagemaker.create_training_job, **request)
    assert code == "ValidationException"


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_a_job_that_does_not_exist(workbench: Workbench, name: str, operation: str) -> None:
    """AWS answers ValidationException, not the documented ResourceNotFound (github.com/aws/aws-sdk issue 165)."""
    answer = refused(getattr(workbench.sagemaker, operation), TrainingJobName=name)
    assert answer == ("ValidationException", "Requested resource not found.")


# --- lists, tags, deletion -----------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first(workbench: Workbench, unique: Callable[[str], str]) -> None:
    """ListTrainingJobs: sorted by CreationTime, NameContains filters; a page holds MaxResults jobs."""
    word = unique("list")
    names = [f"{word}-{number}" for number in range(3)]
    for each in names:
        workbench.train(each)
        workbench.ended_training(each)
    pages = workbench.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains=word, SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    assert [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages] == [
        [names[2], names[1]],
        [names[0]],
    ]


def test_a_status_filters_the_jobs_of_a_page(workbench: Workbench, unique: Callable[[str], str]) -> None:
    """ListTrainingJobs: MaxResults jobs are taken first and then filtered by StatusEquals."""
    word = unique("list")
    for number, orders in enumerate(({"fail": "x"}, {})):
        workbench.train(f"{word}-{number}", orders)
        workbench.ended_training(f"{word}-{number}")
    wanted = {"NameContains": word, "StatusEquals": "Failed", "SortBy": "CreationTime", "SortOrder": "Descending"}
    found = workbench.sagemaker.list_training_jobs(**wanted, MaxResults=2)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in found] == [f"{word}-0"]
    assert workbench.sagemaker.list_training_jobs(**wanted, MaxResults=1)["TrainingJobSummaries"] == []


def test_tags_are_the_job_s(workbench: Workbench, name: str) -> None:
    """CreateTrainingJob: Tags; ListTags answers them."""
    arn = workbench.train(name, Tags=[{"Key": "team", "Value": "a"}])
    assert workbench.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    workbench.ended_training(name)


def test_a_deleted_job_frees_its_name(workbench: Workbench, name: str) -> None:
    """DeleteTrainingJob: after deleting the job, its name can be used again."""
    workbench.train(name)
    workbench.ended_training(name)
    workbench.sagemaker.delete_training_job(TrainingJobName=name)
    assert refused(workbench.sagemaker.describe_training_job, TrainingJobName=name)[0] == "ValidationException"
    workbench.train(name)
    workbench.ended_training(name)


def test_a_running_job_cannot_be_deleted(workbench: Workbench, name: str) -> None:
    """DeleteTrainingJob: a job that is InProgress or Stopping cannot be deleted; ResourceInUse."""
    workbench.train(name, {"sleep": "3600"})
    assert refused(workbench.sagemaker.delete_training_job, TrainingJobName=name)[0] == "ResourceInUse"
    workbench.sagemaker.stop_training_job(TrainingJobName=name)
    workbench.ended_training(name)


def test_the_waiter_waits_for_the_end(workbench: Workbench, name: str) -> None:
    """Boto3's waiter training_job_completed_or_stopped."""
    workbench.train(name)
    waiter = workbench.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    assert workbench.ended_training(name)["TrainingJobStatus"] == "Completed"


# --- the cloud goes down and comes back ----------------------------------------------------------------------------


def test_a_job_under_way_goes_on_when_the_cloud_is_back(own_cloud: EmbeddedCloud) -> None:
    """A restart of the cloud is to a job what the replacement of its host is: it starts again from its checkpoints."""
    bench = _bench(own_cloud)
    bench.train(
        "job", {"checkpoint": "here", "sleep-once": "3600"}, CheckpointConfig={"S3Uri": f"s3://{bench.bucket}/ck"}
    )
    await_object(own_cloud.client, bench.bucket, "ck/progress.txt")
    own_cloud.stop()
    job = _restarted(own_cloud, bench).ended_training("job")
    assert job["TrainingJobStatus"] == "Completed"
    assert statuses(job).count("Training") == 2


def test_a_job_that_was_stopping_is_stopped_when_the_cloud_is_back(own_cloud: EmbeddedCloud) -> None:
    """Nothing of the job is left that could be stopped."""
    bench = _bench(own_cloud)
    bench.train("job", {"sleep": "3600", "ignore-sigterm": ""})
    await_secondary(bench, "job", "Training")
    time.sleep(0.5)
    bench.sagemaker.stop_training_job(TrainingJobName="job")
    own_cloud.kill()
    assert _restarted(own_cloud, bench).ended_training("job")["TrainingJobStatus"] == "Stopped"


def _bench(cloud: EmbeddedCloud) -> Workbench:
    """What jobs need, in a cloud of one's own."""
    return Workbench(
        sagemaker=cloud.client("sagemaker"),
        role=create_role(cloud.client("iam"), "execution"),
        bucket=create_bucket(cloud.client("s3"), "own-data"),
        image=push_image(cloud, "own/image"),
    )


def _restarted(cloud: EmbeddedCloud, bench: Workbench) -> Workbench:
    """The same after the cloud has been started again, elsewhere."""
    cloud.start()
    return replace(bench, sagemaker=cloud.client("sagemaker"))
