"""SageMaker's jobs and their logs: what the API answers, and what each of its refusals means."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.stub import Stubber

from agent.aws.jobs import SageMakerJobs, never_fits
from agent.aws.sessions import Clients, Credentials
from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError, ModelyardError, TemporaryError
from agent.ports.jobs import JobKind, JobState, JobStatus, NoCapacityError

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDENTIALS = Credentials(access_key_id="111111111111", secret_access_key="secret", session_token="token")
STARTED, ENDED = datetime(2026, 11, 1, 10, tzinfo=UTC), datetime(2026, 11, 1, 11, tzinfo=UTC)
QUOTA = (
    "The account-level service limit 'ml.p3.2xlarge for training job usage' is {limit} Instances, with current "
    "utilization of {used} Instances and a request delta of {wanted} Instances. Please contact AWS support."
)
TRAINING_ARN = "arn:aws:sagemaker:eu-central-1:111111111111:training-job/job"
PROCESSING_ARN = "arn:aws:sagemaker:eu-central-1:111111111111:processing-job/job"


@dataclass
class Stubbed:
    """Jobs over a client whose answers are told beforehand."""

    jobs: SageMakerJobs
    stub: Stubber

    def refuse(self, method: str, code: str, message: str = "") -> None:
        self.stub.add_client_error(method, service_error_code=code, service_message=message)

    def create(self) -> bool:
        return self.jobs.create(JobKind.TRAINING, REQUEST)


REQUEST: dict[str, Any] = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::111111111111:role/execution",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
}


@pytest.fixture(scope="module")
def clients() -> Clients:
    return Clients(credentials=CREDENTIALS, region="eu-central-1")


@pytest.fixture
def stubbed(clients: Clients) -> Iterator[Stubbed]:
    with Stubber(clients.client("sagemaker")) as stub:
        yield Stubbed(jobs=SageMakerJobs(clients, "111111111111"), stub=stub)
        stub.assert_no_pending_responses()


def test_a_training_job_is_described(stubbed: Stubbed) -> None:
    answer = {
        "TrainingJobName": "job",
        "TrainingJobArn": TRAINING_ARN,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/models/job/output/model.tar.gz"},
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "CreationTime": STARTED,
        "TrainingStartTime": STARTED,
        "TrainingEndTime": ENDED,
        "FinalMetricDataList": [
            {"MetricName": "auc", "Value": 0.5, "Timestamp": ENDED},
            {"MetricName": "loss", "Value": float("nan"), "Timestamp": ENDED},
        ],
        "BillableTimeInSeconds": 90,
    }
    stubbed.stub.add_response("describe_training_job", answer, {"TrainingJobName": "job"})
    assert stubbed.jobs.describe(JobKind.TRAINING, "job") == JobState(
        name="job",
        arn=TRAINING_ARN,
        status=JobStatus.COMPLETED,
        phase="Completed",
        model_artifacts="s3://bucket/models/job/output/model.tar.gz",
        metrics={"auc": 0.5},
        started=STARTED,
        ended=ENDED,
        max_runtime=600,
        billable_seconds=90,
    )


def test_a_processing_job_is_described(stubbed: Stubbed) -> None:
    answer = {
        "ProcessingJobName": "job",
        "ProcessingJobArn": PROCESSING_ARN,
        "ProcessingJobStatus": "Failed",
        "FailureReason": "AlgorithmError: See job logs for more information",
        "ExitMessage": "two violations",
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "AppSpecification": {"ImageUri": "image"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "CreationTime": STARTED,
        "ProcessingStartTime": STARTED,
        "ProcessingEndTime": ENDED,
    }
    stubbed.stub.add_response("describe_processing_job", answer, {"ProcessingJobName": "job"})
    assert stubbed.jobs.describe(JobKind.PROCESSING, "job") == JobState(
        name="job",
        arn=PROCESSING_ARN,
        status=JobStatus.FAILED,
        failure_reason="AlgorithmError: See job logs for more information",
        exit_message="two violations",
        started=STARTED,
        ended=ENDED,
        max_runtime=600,
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", "Requested resource not found."),
        ("ValidationException", "Could not find requested job with name: job"),
        ("ResourceNotFound", "Requested resource not found."),
    ],
)
def test_a_job_that_does_not_exist_is_none(stubbed: Stubbed, code: str, message: str) -> None:
    stubbed.refuse("describe_training_job", code, message)
    assert stubbed.jobs.describe(JobKind.TRAINING, "job") is None


def test_a_refused_description_is_an_error(stubbed: Stubbed) -> None:
    stubbed.refuse("describe_training_job", "AccessDeniedException", "no")
    with pytest.raises(AccessDeniedError, match="sagemaker:DescribeTrainingJob on job in account 111111111111"):
        stubbed.jobs.describe(JobKind.TRAINING, "job")


def test_a_new_job_is_created(stubbed: Stubbed) -> None:
    stubbed.stub.add_response("create_training_job", {"TrainingJobArn": TRAINING_ARN}, REQUEST)
    assert stubbed.create()


def test_a_job_of_that_name_is_not_created_again(stubbed: Stubbed) -> None:
    stubbed.refuse("create_training_job", "ResourceInUse", "Training job names must be unique")
    assert not stubbed.create()


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ResourceLimitExceeded", QUOTA.format(limit=2, used=2, wanted=1), NoCapacityError),
        ("ResourceLimitExceeded", QUOTA.format(limit=0, used=0, wanted=1), CloudFailedError),
        ("ResourceLimitExceeded", "The account-level service limit has been reached.", NoCapacityError),
        ("ValidationException", "Could not assume role arn. Please ensure that …", AccessDeniedError),
        ("ValidationException", 'No S3 objects found under S3 URL "s3://b/k"', InputMissingError),
        ("ValidationException", "1 validation error detected", CloudFailedError),
        ("AccessDeniedException", "User is not authorized to perform: iam:PassRole", AccessDeniedError),
        ("ThrottlingException", "Rate exceeded", TemporaryError),
    ],
)
def test_a_refused_job_has_its_class(stubbed: Stubbed, code: str, message: str, expected: type[ModelyardError]) -> None:
    stubbed.refuse("create_training_job", code, message)
    with pytest.raises(ModelyardError) as caught:
        stubbed.create()
    assert type(caught.value) is expected
    assert message in str(caught.value)
    assert "sagemaker:CreateTrainingJob on job in account 111111111111, eu-central-1" in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "used", "wanted", "never"), [(0, 0, 1, True), (4, 0, 11, True), (2, 2, 1, False), (4, 3, 4, False)]
)
def test_a_quota_smaller_than_the_request_never_fits(limit: int, used: int, wanted: int, *, never: bool) -> None:
    assert never_fits(QUOTA.format(limit=limit, used=used, wanted=wanted)) is never


def test_a_running_job_is_stopped(stubbed: Stubbed) -> None:
    stubbed.stub.add_response("stop_processing_job", {}, {"ProcessingJobName": "job"})
    stubbed.jobs.stop(JobKind.PROCESSING, "job")


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "Stopping"])
def test_a_job_that_ends_anyway_need_not_be_stopped(stubbed: Stubbed, status: str) -> None:
    stubbed.refuse("stop_training_job", "ValidationException", f"the training job is in status {status}.")
    stubbed.stub.add_response("describe_training_job", minimal(status))
    stubbed.jobs.stop(JobKind.TRAINING, "job")


def test_a_refused_stop_of_a_running_job_is_an_error(stubbed: Stubbed) -> None:
    stubbed.refuse("stop_training_job", "AccessDeniedException", "no")
    stubbed.stub.add_response("describe_training_job", minimal("InProgress"))
    with pytest.raises(AccessDeniedError, match="sagemaker:StopTrainingJob"):
        stubbed.jobs.stop(JobKind.TRAINING, "job")


def minimal(status: str) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "TrainingJobArn": TRAINING_ARN,
        "TrainingJobStatus": status,
        "SecondaryStatus": "Training",
        "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/model.tar.gz"},
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "CreationTime": STARTED,
    }


# --- logs ----------------------------------------------------------------------------------------------------------

GROUP = "/aws/sagemaker/TrainingJobs"


@dataclass
class Log:
    """The log of one job, at a real service."""

    logs: Any
    jobs: SageMakerJobs
    job: str

    def write(self, stream: str, *lines: str, at: float = 0) -> None:
        name, now = f"{self.job}/{stream}", int((time.time() + at) * 1000)
        for create, members in (
            (self.logs.create_log_group, {}),
            (self.logs.create_log_stream, {"logStreamName": name}),
        ):
            try:
                create(logGroupName=GROUP, **members)
            except self.logs.exceptions.ResourceAlreadyExistsException:
                continue
        events = [{"timestamp": now, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=events)

    def read(self, position: dict[str, str]) -> list[str]:
        """The lines since the position, which moves on."""
        page = self.jobs.log(JobKind.TRAINING, self.job, position)
        position.update(page.position)
        assert not page.more
        return list(page.lines)


@pytest.fixture
def log(ministack: str) -> Log:
    clients = Clients(credentials=CREDENTIALS, region="us-east-1", endpoint_url=ministack)
    return Log(clients.client("logs"), SageMakerJobs(clients, "111111111111"), f"job-{uuid4().hex[:12]}")


def test_a_log_that_is_not_there_yet_has_no_lines(log: Log) -> None:
    assert log.read({}) == []


def test_lines_are_read_once(log: Log) -> None:
    position: dict[str, str] = {}
    log.write("algo-1-1", "one", "two")
    assert log.read(position) == ["one", "two"]
    assert log.read(position) == []
    log.write("algo-1-1", "three")
    assert log.read(position) == ["three"]


def test_who_comes_later_reads_from_the_beginning(log: Log) -> None:
    log.write("algo-1-1", "one", "two")
    assert log.read({}) == log.read({}) == ["one", "two"]


def test_lines_of_several_hosts_are_in_order_and_those_of_further_ones_marked(log: Log) -> None:
    log.write("algo-1-1", "first", at=-30)
    log.write("algo-2-1", "second", at=-20)
    log.write("algo-1-1", "third", at=-10)
    assert log.read({}) == ["first", "[algo-2] second", "third"]


def test_a_host_that_began_again_goes_on_in_another_stream(log: Log) -> None:
    log.write("algo-1-1", "first life", at=-30)
    log.write("algo-1-2", "second life", at=-20)
    assert log.read({}) == ["first life", "second life"]


def test_the_log_of_a_job_is_not_that_of_another_whose_name_begins_alike(log: Log) -> None:
    log.write("algo-1-1", "ours")
    Log(log.logs, log.jobs, f"{log.job}-a2").write("algo-1-1", "theirs")
    assert log.read({}) == ["ours"]


def test_a_log_longer_than_a_page_is_read_whole(log: Log) -> None:
    for part in range(3):
        log.write("algo-1-1", *(f"{part}-{number}" for number in range(9_000)), at=part - 30)
    assert len(log.read({})) == 27_000
