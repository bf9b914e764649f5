"""Transform jobs: records of S3 objects through a model, and what is stored for them.

Sources: CreateTransformJob, DescribeTransformJob, StopTransformJob and ListTransformJobs in the SageMaker API
reference, and the developer guide's "Batch transform" and "Associate Prediction Results with Input Records".
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.workbench import once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture
def name(unique: Callable[[str], str]) -> str:
    return unique("transform")


@pytest.fixture(scope="module")
def echo(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[str]:
    """A model that answers what it is sent."""
    name = unique("echo")
    workbench.model(name)
    yield name
    workbench.sagemaker.delete_model(ModelName=name)


@pytest.fixture
def model_that(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[Callable[[Mapping[str, str]], str]]:
    """Makes models whose server obeys orders."""
    made: list[str] = []

    def make(orders: Mapping[str, str]) -> str:
        made.append(unique("model"))
        workbench.model(made[-1], orders)
        return made[-1]

    yield make
    for each in made:
        workbench.sagemaker.delete_model(ModelName=each)


@dataclass(frozen=True, kw_only=True)
class Objects:
    """What a job reads and writes, and what its containers print."""

    s3: Any
    logs: Any
    bucket: str

    def put(self, objects: Mapping[str, bytes]) -> None:
        for key, body in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def stored(self, prefix: str) -> dict[str, bytes]:
        """The objects under a prefix, by what follows it."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{prefix}/").get("Contents", [])
        return {each["Key"][len(prefix) + 1 :]: self.body(each["Key"]) for each in found}

    def body(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def lines(self, prefix: str, content_type: str = "text/csv", **members: Any) -> dict[str, Any]:
        """An input that is split at line ends."""
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.uri(prefix)}}
        return {"DataSource": source, "ContentType": content_type, "SplitType": "Line", **members}

    def by_line(self, prefix: str, **members: Any) -> dict[str, Any]:
        """An output with a line end after each result."""
        return {"S3OutputPath": self.uri(prefix), "AssembleWith": "Line", **members}

    def container_lines(self, job: str) -> list[str]:
        """What a job's container printed."""
        streams = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
        own = [stream["logStreamName"] for stream in streams if not stream["logStreamName"].endswith("/data-log")]
        events = self.logs.get_log_events(logGroupName=GROUP, logStreamName=own[0])["events"] if own else []
        return [event["message"] for event in events]

    def data_log(self, job: str) -> str:
        """What a job says about its records."""
        streams = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
        (own,) = [stream["logStreamName"] for stream in streams if stream["logStreamName"].endswith("/data-log")]
        events = self.logs.get_log_events(logGroupName=GROUP, logStreamName=own)["events"]
        return "\n".join(event["message"] for event in events)


@pytest.fixture(scope="module")
def objects(client: ClientFactory, bucket: str) -> Objects:
    return Objects(s3=client("s3"), logs=client("logs"), bucket=bucket)


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """Code and message of the error that a call answers."""
    with pytest.raises(ClientError) as error:
        call(**members)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


# --- what is stored ------------------------------------------------------------------------------------------------


def test_every_object_has_its_result(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """TransformOutput: for every input object the transformed data is stored with the suffix .out."""
    objects.put({f"{name}/in/a.csv": b"1,2\n3,4\n", f"{name}/in/deep/b.csv": b"5,6"})
    workbench.transform(
        name, echo, objects.uri(f"{name}/in/"), TransformOutput={"S3OutputPath": objects.uri(f"{name}/out")}
    )
    job = workbench.ended_transform(name)
    assert job["TransformJobStatus"] == "Completed"
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert objects.stored(f"{name}/out") == {"a.csv.out": b"1,2\n3,4\n", "deep/b.csv.out": b"5,6"}


def test_single_records_are_sent_one_by_one(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """CreateTransformJob: BatchStrategy SingleRecord uses one record for each invocation."""
    objects.put({f"{name}/in.csv": b"1\n2\n3\n"})
    workbench.transform(
        name,
        echo,
        "",
        TransformInput=objects.lines(f"{name}/in.csv"),
        TransformOutput=objects.by_line(f"{name}/out"),
        BatchStrategy="SingleRecord",
    )
    assert workbench.ended_transform(name)["TransformJobStatus"] == "Completed"
    assert objects.stored(f"{name}/out") == {"in.csv.out": b"1\n2\n3\n"}
    assert len(objects.container_lines(name)) == 3


def test_many_records_share_a_payload(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """CreateTransformJob: MultiRecord fits as many records as MaxPayloadInMB allows."""
    objects.put({f"{name}/in.csv": b"x" * 99 + b"\n" + b"y" * 99 + b"\n"})
    workbench.transform(
        name,
        echo,
        "",
        TransformInput=objects.lines(f"{name}/in.csv"),
        TransformOutput=objects.by_line(f"{name}/out"),
    )
    workbench.ended_transform(name)
    assert objects.container_lines(name) == ["invocation of 200 bytes"]


def test_compressed_input_is_decompressed(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """TransformInput: CompressionType Gzip."""
    objects.put({f"{name}/in.csv.gz": gzip.compress(b"1,2\n")})
    workbench.transform(
        name,
        echo,
        "",
        TransformInput=objects.lines(f"{name}/in.csv.gz", CompressionType="Gzip"),
        TransformOutput=objects.by_line(f"{name}/out"),
    )
    workbench.ended_transform(name)
    assert list(objects.stored(f"{name}/out").values()) == [b"1,2\n"]


def test_predictions_are_joined_with_their_records(
    workbench: Workbench, objects: Objects, name: str, echo: str
) -> None:
    """DataProcessing: InputFilter leaves the id out, JoinSource brings it back, OutputFilter selects."""
    objects.put({f"{name}/in.csv": b"id1,5,6\nid2,7,8\n"})
    workbench.transform(
        name,
        echo,
        "",
        TransformInput=objects.lines(f"{name}/in.csv"),
        TransformOutput=objects.by_line(f"{name}/out", Accept="text/csv"),
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,3:]"},
    )
    assert workbench.ended_transform(name)["TransformJobStatus"] == "Completed"
    assert objects.stored(f"{name}/out") == {"in.csv.out": b"id1,5,6\nid2,7,8\n"}


def test_json_lines_are_joined_as_sagemaker_output(
    workbench: Workbench, objects: Objects, name: str, echo: str
) -> None:
    """DataProcessing: the prediction becomes the attribute SageMakerOutput of the record."""
    objects.put({f"{name}/in.jsonl": b'{"id": 1, "features": [1, 2]}\n'})
    workbench.transform(
        name,
        echo,
        "",
        TransformInput=objects.lines(f"{name}/in.jsonl", "application/jsonlines"),
        TransformOutput=objects.by_line(f"{name}/out", Accept="application/jsonlines"),
        DataProcessing={
            "InputFilter": "$.features",
            "JoinSource": "Input",
            "OutputFilter": "$['id','SageMakerOutput']",
        },
    )
    assert workbench.ended_transform(name)["TransformJobStatus"] == "Completed"
    (result,) = objects.stored(f"{name}/out").values()
    assert json.loads(result) == {"id": 1, "SageMakerOutput": [1, 2]}


def test_several_instances_share_the_objects(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """TransformResources: InstanceCount; no object is transformed twice or left out."""
    objects.put({f"{name}/in/{number}.csv": str(number).encode() for number in range(6)})
    workbench.transform(
        name,
        echo,
        objects.uri(f"{name}/in/"),
        TransformOutput={"S3OutputPath": objects.uri(f"{name}/out")},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
        MaxConcurrentTransforms=2,
    )
    workbench.ended_transform(name)
    found = objects.stored(f"{name}/out")
    assert found == {f"{number}.csv.out": str(number).encode() for number in range(6)}


def test_the_container_is_told_that_it_is_a_batch(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """Developer guide, "Use your own inference code with batch transform": SAGEMAKER_BATCH and its kin."""
    objects.put({f"{name}/in.csv": b"1"})
    workbench.transform(
        name,
        echo,
        objects.uri(f"{name}/in.csv"),
        TransformOutput={"S3OutputPath": objects.uri(f"{name}/out")},
        Environment={"DO_PRINT": "from the job"},
        MaxPayloadInMB=2,
    )
    workbench.ended_transform(name)
    assert objects.container_lines(name)[0] == "from the job"


# --- how a job ends ------------------------------------------------------------------------------------------------


def test_a_model_that_fails_fails_the_job_and_the_data_log_says_where(
    workbench: Workbench,
    objects: Objects,
    name: str,
    model_that: Callable[[Mapping[str, str]], str],
) -> None:
    """Developer guide, "Batch transform errors": Bad HTTP status returned from algorithm, in the data-log stream."""
    objects.put({f"{name}/in.csv": b"1"})
    workbench.transform(name, model_that({"status": "500"}), objects.uri(f"{name}/in.csv"))
    job = workbench.ended_transform(name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert f"{objects.bucket}/{name}/in.csv: AlgorithmError: Bad HTTP status" in objects.data_log(name)


def test_a_container_that_never_serves_fails_the_job(
    workbench: Workbench,
    objects: Objects,
    name: str,
    cloud: EmbeddedCloud,
    model_that: Callable[[Mapping[str, str]], str],
) -> None:
    """DescribeTransformJob: FailureReason of a container that does not pass its health check."""
    objects.put({f"{name}/in.csv": b"1"})
    cloud.set_clock_rate(600)
    workbench.transform(name, model_that({"exit": "1"}), objects.uri(f"{name}/in.csv"))
    assert workbench.ended_transform(name)["TransformJobStatus"] == "Failed"


def test_a_stopped_job_stores_nothing(
    workbench: Workbench,
    objects: Objects,
    name: str,
    model_that: Callable[[Mapping[str, str]], str],
) -> None:
    """StopTransformJob: the job is Stopping, then Stopped; its output is not stored."""
    objects.put({f"{name}/in.csv": b"1"})
    workbench.transform(
        name,
        model_that({"seconds": "3600"}),
        objects.uri(f"{name}/in.csv"),
        TransformOutput={"S3OutputPath": objects.uri(f"{name}/out")},
    )
    once(
        lambda: {
            "started": str("TransformStartTime" in workbench.sagemaker.describe_transform_job(TransformJobName=name))
        },
        "started",
        frozenset({"True"}),
    )
    workbench.sagemaker.stop_transform_job(TransformJobName=name)
    assert workbench.ended_transform(name)["TransformJobStatus"] == "Stopped"
    assert objects.stored(f"{name}/out") == {}


def test_a_job_without_capacity_fails(
    workbench: Workbench, objects: Objects, name: str, cloud: EmbeddedCloud, echo: str
) -> None:
    """DescribeTransformJob: FailureReason of a CapacityError."""
    objects.put({f"{name}/in.csv": b"1"})
    cloud.fault("capacity", resource=name)
    workbench.transform(name, echo, objects.uri(f"{name}/in.csv"))
    assert workbench.ended_transform(name)["FailureReason"].startswith("CapacityError: ")


# --- the API -------------------------------------------------------------------------------------------------------


def test_a_job_is_described_as_it_was_asked_for(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """DescribeTransformJob answers the request's members."""
    objects.put({f"{name}/in.csv": b"1"})
    members = {
        "TransformInput": objects.lines(f"{name}/in.csv"),
        "TransformOutput": objects.by_line(f"{name}/out"),
        "MaxConcurrentTransforms": 2,
        "MaxPayloadInMB": 3,
    }
    arn = workbench.transform(name, echo, "", **members)
    job = workbench.ended_transform(name)
    assert job["TransformJobArn"] == arn
    assert {key: job[key] for key in members} == members


def test_an_input_without_objects_is_refused(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """CreateTransformJob looks for the objects of its input with the role's permissions."""
    code, message = refused(workbench.transform, name=name, model=echo, source=objects.uri(f"{name}/nothing"))
    assert code == "ValidationException"
    assert message.startswith("No S3 objects found under S3 URL")


def test_a_model_that_does_not_exist_is_refused(workbench: Workbench, objects: Objects, name: str) -> None:
    """CreateTransformJob: ModelName must be the name of an existing model."""
    code, message = refused(workbench.transform, name=name, model="no-such-model", source=objects.uri(f"{name}"))
    assert code == "ValidationException"
    assert "Could not find model" in message


def test_a_name_belongs_to_one_job(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """CreateTransformJob: the name must be unique within a region in an account; ResourceInUse."""
    objects.put({f"{name}/in.csv": b"1"})
    workbench.transform(name, echo, objects.uri(f"{name}/in.csv"))
    again = {"name": name, "model": echo, "source": objects.uri(f"{name}/in.csv")}
    assert refused(workbench.transform, **again)[0] == "ResourceInUse"
    workbench.ended_transform(name)


@pytest.mark.parametrize("operation", ["describe_transform_job", "stop_transform_job"])
def test_a_job_that_does_not_exist(workbench: Workbench, name: str, operation: str) -> None:
    """AWS answers ValidationException, not the documented ResourceNotFound, as it does for training jobs."""
    code, message = refused(getattr(workbench.sagemaker, operation), TransformJobName=name)
    assert code == "ValidationException"
    assert message.startswith("Could not find requested job with name")


def test_jobs_are_listed(workbench: Workbench, objects: Objects, name: str, echo: str) -> None:
    """ListTransformJobs: NameContains."""
    objects.put({f"{name}/in.csv": b"1"})
    arn = workbench.transform(name, echo, objects.uri(f"{name}/in.csv"))
    workbench.ended_transform(name)
    (summary,) = workbench.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert (summary["TransformJobArn"], summary["TransformJobStatus"]) == (arn, "Completed")
