"""Processing jobs: inputs, outputs, and how every way of ending reads in DescribeProcessingJob.

Sources: CreateProcessingJob, DescribeProcessingJob, StopProcessingJob, ListProcessingJobs and DeleteProcessingJob in
the SageMaker API reference, and the developer guide's "Build your own processing container".
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.workbench import INSTANCE, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

GROUP = "/aws/sagemaker/ProcessingJobs"
OUTPUT = "/opt/ml/processing/output"


@pytest.fixture
def name(unique: Callable[[str], str]) -> str:
    return unique("process")


def source(bucket: str, prefix: str, **members: Any) -> dict[str, Any]:
    data = {
        "S3Uri": f"s3://{bucket}/{prefix}",
        "LocalPath": "/opt/ml/processing/input",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        **members,
    }
    return {"InputName": "data", "S3Input": data}


def outputs(bucket: str, prefix: str, mode: str = "EndOfJob") -> dict[str, Any]:
    place = {"S3Uri": f"s3://{bucket}/{prefix}", "LocalPath": OUTPUT, "S3UploadMode": mode}
    return {"Outputs": [{"OutputName": "out", "S3Output": place}]}


def cluster(count: int) -> dict[str, Any]:
    return {"ClusterConfig": {"InstanceType": INSTANCE, "InstanceCount": count, "VolumeSizeInGB": 1}}


def put(client: ClientFactory, bucket: str, objects: dict[str, str]) -> None:
    for key, text in objects.items():
        client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


def stored(client: ClientFactory, bucket: str, prefix: str) -> dict[str, str]:
    """The objects under a prefix, by what follows it."""
    s3 = client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])]
    return {key[len(prefix) + 1 :]: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def printed(client: ClientFactory, name: str) -> list[str]:
    """What a job's containers have printed so far, stream by stream."""
    logs = client("logs")
    try:
        streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        streams = []
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
    ]


def await_line(client: ClientFactory, name: str, text: str) -> None:
    """Return once a job has printed a line; its program has set its signal handlers by then."""
    once(lambda: {"found": str(text in printed(client, name))}, "found", frozenset({"True"}))


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """Code and message of the error that a call answers."""
    with pytest.raises(ClientError) as error:
        call(**members)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


# --- inputs and outputs --------------------------------------------------------------------------------------------


def test_what_a_job_writes_is_uploaded_at_its_end(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """ProcessingS3Output: the contents of LocalPath are under S3Uri when the job has completed."""
    put(client, bucket, {f"{name}/in/a.csv": "1", f"{name}/in/deep/b.csv": "2"})
    workbench.process(
        name,
        {"copy": ""},
        ProcessingInputs=[source(bucket, f"{name}/in/")],
        ProcessingOutputConfig=outputs(bucket, f"{name}/out"),
    )
    job = workbench.ended_processing(name)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert stored(client, bucket, f"{name}/out") == {"a.csv": "1", "deep/b.csv": "2"}


def test_a_continuous_output_is_uploaded_while_the_job_runs(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """ProcessingS3Output: S3UploadMode Continuous."""
    workbench.process(
        name,
        {"report": "", "sleep": "3600"},
        ProcessingOutputConfig=outputs(bucket, f"{name}/out", "Continuous"),
    )
    once(lambda: {"found": str("report.json" in stored(client, bucket, f"{name}/out"))}, "found", frozenset({"True"}))
    assert workbench.sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "InProgress"
    workbench.sagemaker.stop_processing_job(ProcessingJobName=name)
    workbench.ended_processing(name)


def test_sharded_inputs_are_divided_among_the_hosts(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str
) -> None:
    """ProcessingS3Input: ShardedByS3Key downloads one shard of the data to each instance."""
    put(client, bucket, {f"{name}/in/{letter}.csv": letter for letter in "abcd"})
    shards = source(bucket, f"{name}/in/", S3DataDistributionType="ShardedByS3Key")
    workbench.process(
        name,
        {"copy": "", "only-on": "algo-1"},
        ProcessingInputs=[shards],
        ProcessingOutputConfig=outputs(bucket, f"{name}/out"),
        ProcessingResources=cluster(2),
    )
    assert workbench.ended_processing(name)["ProcessingJobStatus"] == "Completed"
    assert sorted(stored(client, bucket, f"{name}/out").values()) == list("abcd")


def test_the_container_finds_its_configuration_and_arguments(
    workbench: Workbench, client: ClientFactory, name: str, bucket: str, image: str
) -> None:
    """Developer guide: processingjobconfig.json and resourceconfig.json are in /opt/ml/config."""
    script = f"cp /opt/ml/config/*.json {OUTPUT}/ && echo $GREETING > {OUTPUT}/greeting"
    shell = {"ImageUri": image, "ContainerEntrypoint": ["/bin/sh", "-c"], "ContainerArguments": [script]}
    arn = workbench.process(
        name,
        AppSpecification=shell,
        Environment={"GREETING": "hello"},
        ProcessingOutputConfig=outputs(bucket, f"{name}/out"),
    )
    workbench.ended_processing(name)
    found = stored(client, bucket, f"{name}/out")
    assert json.loads(found["processingjobconfig.json"])["ProcessingJobArn"] == arn
    assert json.loads(found["resourceconfig.json"])["current_host"] == "algo-1"
    assert found["greeting"] == "hello\n"


# --- how a job ends ------------------------------------------------------------------------------------------------


def test_a_failing_job_points_to_its_logs(workbench: Workbench, name: str, image: str) -> None:
    """DescribeProcessingJob: FailureReason."""
    shell = {"ImageUri": image, "ContainerEntrypoint": ["/bin/sh", "-c", "exit 3"]}
    workbench.process(name, AppSpecification=shell)
    job = workbench.ended_processing(name)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: See job logs for more information")


def test_a_job_may_leave_a_message(workbench: Workbench, name: str, image: str) -> None:
    """DescribeProcessingJob: ExitMessage, from /opt/ml/output/message."""
    script = "mkdir -p /opt/ml/output && printf 'two violations' > /opt/ml/output/message"
    shell = {"ImageUri": image, "ContainerEntrypoint": ["/bin/sh", "-c", script]}
    workbench.process(name, AppSpecification=shell)
    job = workbench.ended_processing(name)
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "two violations")


def test_an_input_without_objects_fails_the_job(workbench: Workbench, name: str, bucket: str) -> None:
    """DescribeProcessingJob: FailureReason of an input that cannot be downloaded."""
    workbench.process(name, ProcessingInputs=[source(bucket, f"{name}/nothing/")])
    reason = workbench.ended_processing(name)["FailureReason"]
    assert reason.startswith("ClientError: ")
    assert f"s3://{bucket}/{name}/nothing/" in reason


def test_a_stopped_job_is_told_to_end(workbench: Workbench, client: ClientFactory, name: str, bucket: str) -> None:
    """StopProcessingJob: the job is Stopping, then Stopped."""
    workbench.process(
        name,
        {"sleep": "3600", "on-sigterm": "saved", "print": "ready"},
        ProcessingOutputConfig=outputs(bucket, f"{name}/out"),
    )
    await_line(client, name, "ready")
    workbench.sagemaker.stop_processing_job(ProcessingJobName=name)
    job = workbench.ended_processing(name)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert printed(client, name) == ["ready", "leaving at SIGTERM"]


def test_a_job_that_runs_too_long_is_stopped(workbench: Workbench, name: str, cloud: EmbeddedCloud) -> None:
    """ProcessingStoppingCondition: MaxRuntimeInSeconds."""
    workbench.process(name, {"sleep": "3600"}, StoppingCondition={"MaxRuntimeInSeconds": 600})
    once(
        lambda: {
            "started": str("ProcessingStartTime" in workbench.sagemaker.describe_processing_job(ProcessingJobName=name))
        },
        "started",
        frozenset({"True"}),
    )
    time.sleep(0.5)
    cloud.advance(600)
    assert workbench.ended_processing(name)["ProcessingJobStatus"] == "Stopped"


@pytest.mark.parametrize("fault", ["job-failure", "interruption"])
def test_a_lost_host_fails_the_job(workbench: Workbench, name: str, cloud: EmbeddedCloud, fault: str) -> None:
    """DescribeProcessingJob: FailureReason of a failure of the service."""
    cloud.fault(fault, resource=name)
    workbench.process(name, {"sleep": "3600"})
    assert workbench.ended_processing(name)["FailureReason"].startswith("InternalServerError: ")


def test_a_job_without_capacity_fails(workbench: Workbench, name: str, cloud: EmbeddedCloud) -> None:
    """DescribeProcessingJob: FailureReason of a CapacityError."""
    cloud.fault("capacity", resource=name)
    workbench.process(name)
    assert workbench.ended_processing(name)["FailureReason"].startswith("CapacityError: ")


# --- the API -------------------------------------------------------------------------------------------------------


def test_a_job_is_described_as_it_was_asked_for(workbench: Workbench, name: str, bucket: str) -> None:
    """DescribeProcessingJob answers the request's members."""
    members = {
        "ProcessingOutputConfig": outputs(bucket, f"{name}/out"),
        "ProcessingResources": cluster(1),
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    arn = workbench.process(name, **members)
    job = workbench.ended_processing(name)
    assert job["ProcessingJobArn"] == arn
    assert {key: job[key] for key in members} == members


def test_a_name_belongs_to_one_job(workbench: Workbench, name: str) -> None:
    """CreateProcessingJob: the name must be unique within a region in an account; ResourceInUse."""
    workbench.process(name)
    assert refused(workbench.process, name=name)[0] == "ResourceInUse"
    workbench.ended_processing(name)


@pytest.mark.parametrize("operation", ["describe_processing_job", "stop_processing_job"])
def test_a_job_that_does_not_exist(workbench: Workbench, name: str, operation: str) -> None:
    """AWS answers ValidationException, not the documented ResourceNotFound, as it does for training jobs."""
    code, message = refused(getattr(workbench.sagemaker, operation), ProcessingJobName=name)
    assert code == "ValidationException"
    assert message.startswith("Could not find requested job with name")


def test_a_job_that_has_ended_cannot_be_stopped(workbench: Workbench, name: str) -> None:
    """StopProcessingJob of a job that is not in progress."""
    workbench.process(name)
    workbench.ended_processing(name)
    assert refused(workbench.sagemaker.stop_processing_job, ProcessingJobName=name)[0] == "ValidationException"


def test_jobs_are_listed_by_status_and_name(workbench: Workbench, unique: Callable[[str], str], image: str) -> None:
    """ListProcessingJobs: NameContains and StatusEquals."""
    word = unique("list")
    shell = {"ImageUri": image, "ContainerEntrypoint": ["/bin/sh", "-c", "exit 1"]}
    workbench.process(f"{word}-good")
    workbench.process(f"{word}-bad", AppSpecification=shell)
    for each in ("good", "bad"):
        workbench.ended_processing(f"{word}-{each}")
    found = workbench.sagemaker.list_processing_jobs(NameContains=word, StatusEquals="Failed")
    (summary,) = found["ProcessingJobSummaries"]
    assert (summary["ProcessingJobName"], summary["ProcessingJobStatus"]) == (f"{word}-bad", "Failed")
    assert summary["FailureReason"].startswith("AlgorithmError: ")


def test_a_deleted_job_is_gone(workbench: Workbench, name: str) -> None:
    """DeleteProcessingJob: only jobs that have ended can be deleted."""
    workbench.process(name, {"sleep": "3600"})
    delete = workbench.sagemaker.delete_processing_job
    assert refused(delete, ProcessingJobName=name)[0] == "ResourceInUse"
    workbench.sagemaker.stop_processing_job(ProcessingJobName=name)
    workbench.ended_processing(name)
    delete(ProcessingJobName=name)
    assert refused(workbench.sagemaker.describe_processing_job, ProcessingJobName=name)[0] == "ValidationException"
