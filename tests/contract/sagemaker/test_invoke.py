"""Invocations: what reaches the model, what comes back, and how errors read.

Sources: InvokeEndpoint and InvokeEndpointWithResponseStream in the SageMaker Runtime API reference; "Use your own
inference code with hosting services" in the developer guide.
"""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.contract.workbench import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def runtime(client: ClientFactory) -> Any:
    return client("sagemaker-runtime", config=ONE_ATTEMPT)


@pytest.fixture(scope="module")
def echo(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[str]:
    """An endpoint that answers what it is sent."""
    name = unique("echo")
    workbench.endpoint(name)
    assert workbench.settled_endpoint(name)["EndpointStatus"] == "InService"
    yield name
    workbench.settled_endpoint(name)
    workbench.dismantle(name)


@pytest.fixture
def endpoint_of(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[Callable[..., str]]:
    """Makes an endpoint in service from variants (without their model) or from members of its model."""
    made: list[str] = []

    def make(*variants: dict[str, Any], model: dict[str, Any] | None = None) -> str:
        name = unique("made")
        made.append(name)
        configured = []
        for number, variant in enumerate(variants or ({},)):
            model_name = f"{name}-{number}"
            members = dict(variant)
            workbench.model(model_name, members.pop("orders", {}), **(model or {}))
            instances = {} if "ServerlessConfig" in members else {"InstanceType": INSTANCE, "InitialInstanceCount": 1}
            configured.append({"VariantName": "only", "ModelName": model_name, **instances, **members})
        workbench.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=configured)
        workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        described = workbench.settled_endpoint(name)
        assert described["EndpointStatus"] == "InService", described
        return name

    yield make
    for name in made:
        with contextlib.suppress(ClientError):  # a test may have deleted it
            workbench.sagemaker.delete_endpoint(EndpointName=name)


def report(runtime: Any, name: str, **members: Any) -> dict[str, Any]:
    """What the container saw of an invocation and of its surroundings."""
    answer = runtime.invoke_endpoint(EndpointName=name, Body=b"x", CustomAttributes="report", **members)
    return dict(json.loads(answer["Body"].read()))


# --- the way there and back ----------------------------------------------------------------------------------------


def test_body_type_and_variant_come_back(runtime: Any, echo: str) -> None:
    """InvokeEndpoint answers Body, ContentType and InvokedProductionVariant."""
    answer = runtime.invoke_endpoint(EndpointName=echo, Body=b"1,2\n3,4\n", ContentType="text/csv")
    assert answer["Body"].read() == b"1,2\n3,4\n"
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/csv", "only")


def test_custom_attributes_travel_both_ways(runtime: Any, echo: str) -> None:
    """InvokeEndpoint: CustomAttributes are "forwarded verbatim"; the model's own come back."""
    answer = runtime.invoke_endpoint(EndpointName=echo, Body=b"", CustomAttributes="attributes=trace-7")
    assert answer["CustomAttributes"] == "trace-7"


def test_the_model_sees_only_the_headers_that_the_api_supports(runtime: Any, echo: str) -> None:
    """InvokeEndpoint: SageMaker "strips all POST headers except those supported by the API"."""
    seen = report(runtime, echo, ContentType="text/csv", Accept="application/json")["headers"]
    assert (seen["Content-Type"], seen["Accept"]) == ("text/csv", "application/json")
    assert seen["X-Amzn-SageMaker-Custom-Attributes"] == "report"
    assert "Authorization" not in seen


def test_the_container_is_told_what_it_needs(runtime: Any, echo: str, region: str) -> None:
    """The developer guide's "How SageMaker AI loads your model artifacts", and the region in the environment."""
    told = report(runtime, echo)["environment"]
    assert told["AWS_REGION"] == region
    assert told["SM_MODEL_DIR"].endswith("/model")


def test_several_megabytes_are_no_trouble_but_there_is_a_limit(runtime: Any, echo: str) -> None:
    """InvokeEndpoint: Body has a maximum length of 6,291,456."""
    body = b"x" * 6_291_456
    assert runtime.invoke_endpoint(EndpointName=echo, Body=body)["Body"].read() == body
    with pytest.raises(ClientError, match="less than or equal to 6291456"):
        runtime.invoke_endpoint(EndpointName=echo, Body=body + b"x")


def test_an_answer_can_be_streamed(runtime: Any, echo: str) -> None:
    """InvokeEndpointWithResponseStream answers PayloadPart events."""
    body = bytes(range(256)) * 1000
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName=echo, Body=body, ContentType="text/csv")
    assert b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"]) == body
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/csv", "only")


# --- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")])
def test_an_error_of_the_model_is_passed_on(runtime: Any, echo: str, account_id: str, status: int, side: str) -> None:
    """ModelError: OriginalStatusCode, OriginalMessage and LogStreamArn, with status code 424."""
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName=echo, Body=b"x", CustomAttributes=f"status={status};text=no such column")
    answer: dict[str, Any] = dict(caught.value.response)
    message = answer["Error"]["Message"]
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert message.startswith(f'Received {side} error ({status}) from primary with message "no such column". See ')
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, "no such column")
    group = f"arn:aws:logs:{runtime.meta.region_name}:{account_id}:log-group:/aws/sagemaker/Endpoints/{echo}"
    assert answer["LogStreamArn"].startswith(group)


def test_an_endpoint_that_is_not_there_is_not_found(runtime: Any, account_id: str) -> None:
    """ValidationError: "Inspect your request and try again"."""
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="no-such-endpoint", Body=b"x")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["Error"]["Message"] == f"Endpoint no-such-endpoint of account {account_id} not found."


def test_an_endpoint_that_is_being_created_is_not_found_either(
    workbench: Workbench, runtime: Any, unique: Callable[[str], str]
) -> None:
    name = unique("slow")
    workbench.endpoint(name, {"start-seconds": "1"})
    with pytest.raises(ClientError, match="not found"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"x")
    workbench.settled_endpoint(name)
    workbench.dismantle(name)


@pytest.mark.parametrize(
    "members",
    [
        {"TargetVariant": "other"},
        {"TargetModel": "some.tar.gz"},
        {"TargetContainerHostname": "first"},
        {"CustomAttributes": "x" * 1025},
    ],
)
def test_what_an_endpoint_cannot_do_is_refused(runtime: Any, echo: str, members: dict[str, str]) -> None:
    """InvokeEndpoint: targets belong to endpoints that have them."""
    with pytest.raises(ClientError, match="ValidationError"):
        runtime.invoke_endpoint(EndpointName=echo, Body=b"x", **members)


@pytest.mark.embedded_only("makes time pass quickly")
def test_a_model_that_takes_longer_than_a_minute_has_failed(runtime: Any, echo: str, cloud: EmbeddedCloud) -> None:
    """InvokeEndpoint: "a model's containers must respond to requests within 60 seconds"."""
    cloud.set_clock_rate(100)
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName=echo, Body=b"x", CustomAttributes="seconds=5")
    answer: dict[str, Any] = dict(caught.value.response)
    assert (answer["Error"]["Code"], answer["OriginalStatusCode"]) == ("ModelError", 0)
    assert "timed out while waiting for a response from container primary" in answer["Error"]["Message"]


def test_a_container_that_dies_is_started_again(runtime: Any, echo: str) -> None:
    """The invocation that killed it fails; the next one waits until it is back."""
    with pytest.raises(ClientError, match="ModelError"):
        runtime.invoke_endpoint(EndpointName=echo, Body=b"x", CustomAttributes="die")
    assert runtime.invoke_endpoint(EndpointName=echo, Body=b"back")["Body"].read() == b"back"


# --- permissions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def runtime_of_user(cloud: EmbeddedCloud, region: str, unique: Callable[[str], str]) -> Callable[[str], Any]:
    """Makes a user who may invoke one resource, and answers its client."""

    def make(resource: str) -> Any:
        iam, user = cloud.client("iam"), unique("user")
        statement = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": resource}
        iam.create_user(UserName=user)
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=user, PolicyName="invoke", PolicyDocument=document)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=region)
        return session.client("sagemaker-runtime", endpoint_url=cloud.endpoint)

    return make


@pytest.mark.embedded_only("makes users")
def test_invoking_needs_permission_on_the_endpoint(echo: str, runtime_of_user: Callable[[str], Any]) -> None:
    """Service authorization reference: InvokeEndpoint is allowed or denied on endpoint*."""
    allowed = runtime_of_user("arn:aws:sagemaker:*:*:endpoint/echo-*")
    assert allowed.invoke_endpoint(EndpointName=echo, Body=b"x")["Body"].read() == b"x"
    with pytest.raises(ClientError, match=r"AccessDenied.*sagemaker:InvokeEndpoint"):
        runtime_of_user("arn:aws:sagemaker:*:*:endpoint/other-*").invoke_endpoint(EndpointName=echo, Body=b"x")


# --- variants ------------------------------------------------------------------------------------------------------


def test_variants_share_invocations_by_weight(runtime: Any, endpoint_of: Callable[..., str]) -> None:
    """ProductionVariant: traffic goes by the ratio of InitialVariantWeight to the sum of all weights."""
    name = endpoint_of(
        {"VariantName": "large", "InitialVariantWeight": 3}, {"VariantName": "small", "InitialVariantWeight": 1}
    )
    answers = (runtime.invoke_endpoint(EndpointName=name, Body=b"x") for _ in range(40))
    seen = Counter(answer["InvokedProductionVariant"] for answer in answers)
    assert seen["large"] + seen["small"] == 40
    assert seen["large"] > seen["small"]


def test_a_variant_can_be_asked_for(runtime: Any, endpoint_of: Callable[..., str]) -> None:
    """InvokeEndpoint: TargetVariant overrides the distribution by weights, also for a weight of 0."""
    name = endpoint_of(
        {"VariantName": "live", "orders": {"answer": "live"}},
        {"VariantName": "next", "orders": {"answer": "next"}, "InitialVariantWeight": 0},
    )
    assert runtime.invoke_endpoint(EndpointName=name, Body=b"x")["Body"].read() == b"live"
    answer = runtime.invoke_endpoint(EndpointName=name, Body=b"x", TargetVariant="next")
    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"next", "next")


def test_the_same_image_may_serve_behind_several_instances(runtime: Any, endpoint_of: Callable[..., str]) -> None:
    """ProductionVariant: InitialInstanceCount instances share the variant's invocations."""
    name = endpoint_of({"InitialInstanceCount": 2})
    for number in range(6):
        assert runtime.invoke_endpoint(EndpointName=name, Body=str(number).encode())["Body"].read() == b"%d" % number


# --- models --------------------------------------------------------------------------------------------------------


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{name}.txt")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def artifacts(workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]) -> str:
    """The S3 URI under which there is an archive, and the same as plain objects."""
    prefix, s3 = unique("model"), client("s3")
    s3.put_object(Bucket=workbench.bucket, Key=f"{prefix}/a.tar.gz", Body=archive(one="1", two="2"))
    for key in ("plain/one.txt", "plain/deep/two.txt"):
        s3.put_object(Bucket=workbench.bucket, Key=f"{prefix}/{key}", Body=key.encode())
    return f"s3://{workbench.bucket}/{prefix}"


@pytest.mark.parametrize("how", ["url", "archive", "prefix", "object"])
def test_the_model_is_in_opt_ml_model(
    workbench: Workbench, runtime: Any, endpoint_of: Callable[..., str], artifacts: str, how: str
) -> None:
    """ContainerDefinition: ModelDataUrl is an archive; ModelDataSource may also be objects as they are."""
    sources: dict[str, dict[str, Any]] = {
        "url": {"ModelDataUrl": f"{artifacts}/a.tar.gz"},
        "archive": s3_source(f"{artifacts}/a.tar.gz", "S3Object", "Gzip"),
        "prefix": s3_source(f"{artifacts}/plain/", "S3Prefix", "None"),
        "object": s3_source(f"{artifacts}/plain/one.txt", "S3Object", "None"),
    }
    files = {
        "url": {"one.txt": "1", "two.txt": "2"},
        "archive": {"one.txt": "1", "two.txt": "2"},
        "prefix": {"one.txt": "plain/one.txt", "deep/two.txt": "plain/deep/two.txt"},
        "object": {"one.txt": "plain/one.txt"},
    }
    name = endpoint_of(model={"PrimaryContainer": {"Image": workbench.image, **sources[how]}})
    assert report(runtime, name)["model"] == files[how]


def s3_source(uri: str, kind: str, compression: str) -> dict[str, Any]:
    return {"ModelDataSource": {"S3DataSource": {"S3Uri": uri, "S3DataType": kind, "CompressionType": compression}}}


def containers(workbench: Workbench, mode: str) -> dict[str, Any]:
    """Members of a model with two containers, of which the first answers ``first`` and the second echoes."""
    image = workbench.image
    return {
        "PrimaryContainer": None,
        "Containers": [
            {"Image": image, "ContainerHostname": "first", "Environment": {"DO_ANSWER": "first"}},
            {"Image": image, "ContainerHostname": "second"},
        ],
        "InferenceExecutionConfig": {"Mode": mode},
    }


@pytest.fixture
def two_containers(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[Callable[[str], str]]:
    """Makes an endpoint whose model has two containers."""
    made: list[str] = []

    def make(mode: str) -> str:
        name = unique("two")
        made.append(name)
        members = {key: value for key, value in containers(workbench, mode).items() if value is not None}
        workbench.sagemaker.create_model(ModelName=name, ExecutionRoleArn=workbench.role, **members)
        workbench.endpoint_config(name, name)
        workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        assert workbench.settled_endpoint(name)["EndpointStatus"] == "InService"
        return name

    yield make
    for name in made:
        workbench.dismantle(name)


def test_a_serial_pipeline_hands_answers_on(runtime: Any, two_containers: Callable[[str], str]) -> None:
    """Developer guide, "Inference pipelines": the response of one container is the request of the next."""
    answer = runtime.invoke_endpoint(EndpointName=two_containers("Serial"), Body=b"x", ContentType="text/csv")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"first", "text/plain")


def test_a_container_can_be_invoked_directly(runtime: Any, two_containers: Callable[[str], str]) -> None:
    """Developer guide, "Multi-container endpoints with direct invocation": TargetContainerHostname chooses."""
    name = two_containers("Direct")
    for hostname, said in (("first", b"first"), ("second", b"x")):
        answer = runtime.invoke_endpoint(EndpointName=name, Body=b"x", TargetContainerHostname=hostname)
        assert answer["Body"].read() == said
    with pytest.raises(ClientError, match="ValidationError"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"x")


# --- serverless and shadows ----------------------------------------------------------------------------------------


def test_a_serverless_variant_answers_and_limits_its_concurrency(
    runtime: Any, workbench: Workbench, endpoint_of: Callable[..., str]
) -> None:
    """ServerlessConfig: MaxConcurrency is "the maximum number of concurrent invocations" it can process."""
    name = endpoint_of({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}})
    (variant,) = workbench.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    assert variant["DeployedImages"]
    assert runtime.invoke_endpoint(EndpointName=name, Body=b"x")["Body"].read() == b"x"
    codes: list[str] = []

    def call() -> None:
        try:
            runtime.invoke_endpoint(EndpointName=name, Body=b"x", CustomAttributes="seconds=1")
            codes.append("answered")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert Counter(codes) == {"answered": 1, "ThrottlingException": 2}


@pytest.mark.embedded_only("lets metrics come at once")
def test_a_shadow_variant_gets_copies_and_answers_nobody(
    runtime: Any, workbench: Workbench, client: ClientFactory, cloud: EmbeddedCloud, unique: Callable[[str], str]
) -> None:
    """CreateEndpointConfig: ShadowProductionVariants host models "with production traffic replicated"."""
    name = unique("shadowed")
    workbench.model(name, {"answer": "live"})
    workbench.model(f"{name}-shadow", {"answer": "shadow"})
    shadow = {
        "VariantName": "shadow",
        "ModelName": f"{name}-shadow",
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 0.5,
    }
    workbench.endpoint_config(name, name, ShadowProductionVariants=[shadow])
    workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described = workbench.settled_endpoint(name)
    assert [v["VariantName"] for v in described["ShadowProductionVariants"]] == ["shadow"]
    for _ in range(10):
        assert runtime.invoke_endpoint(EndpointName=name, Body=b"x")["Body"].read() == b"live"
    cloud.advance(15)
    assert invocations(client, name, "shadow") == 5
    assert invocations(client, name, "only") == 10
    workbench.sagemaker.delete_endpoint(EndpointName=name)


def invocations(client: ClientFactory, endpoint: str, variant: str) -> float:
    """What CloudWatch knows of a variant's invocations."""
    found = client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "invocations",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SageMaker",
                        "MetricName": "Invocations",
                        "Dimensions": [
                            {"Name": "EndpointName", "Value": endpoint},
                            {"Name": "VariantName", "Value": variant},
                        ],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2099-01-01T00:00:00Z",
    )
    return float(sum(found["MetricDataResults"][0]["Values"]))


# --- metrics and logs ----------------------------------------------------------------------------------------------


@pytest.mark.embedded_only("lets metrics come at once")
def test_metrics_count_what_happened(
    runtime: Any, workbench: Workbench, client: ClientFactory, cloud: EmbeddedCloud, endpoint_of: Callable[..., str]
) -> None:
    """Developer guide, "Endpoint invocation metrics": Invocations, 4XX and 5XX errors, latencies in microseconds."""
    name = endpoint_of({"InitialInstanceCount": 4})
    for wanted in ("", "", "status=404", "status=500"):
        try:
            runtime.invoke_endpoint(EndpointName=name, Body=b"x", **({"CustomAttributes": wanted} if wanted else {}))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ModelError"  # noqa: PT017 - some of them fail on purpose
    cloud.advance(15)
    cloudwatch = client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "only"}]

    def statistic(metric: str, kind: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime="2020-01-01T00:00:00Z",
            EndTime="2099-01-01T00:00:00Z",
            Period=86_400 * 365,
            Statistics=[kind],
        )["Datapoints"]
        return float(sum(point[kind] for point in points))

    assert statistic("Invocations", "Sum") == 4
    assert statistic("InvocationsPerInstance", "Sum") == 1
    assert statistic("Invocation4XXErrors", "Sum") == 1
    assert statistic("Invocation5XXErrors", "Sum") == 1
    assert statistic("ModelLatency", "SampleCount") == 4
    assert statistic("ModelLatency", "Minimum") > 100
    assert statistic("OverheadLatency", "Minimum") > 0


def test_containers_write_their_logs(
    workbench: Workbench, client: ClientFactory, endpoint_of: Callable[..., str]
) -> None:
    """Developer guide, "Log groups and streams": /aws/sagemaker/Endpoints/<endpoint>, <variant>/<instance id>."""
    name = endpoint_of({"orders": {"print": "hello from the model"}})
    workbench.sagemaker.delete_endpoint(EndpointName=name)
    workbench.await_deletion(name)
    logs = client("logs")
    (stream,) = logs.describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["logStreams"]
    assert stream["logStreamName"].startswith("only/i-")
    events = logs.get_log_events(
        logGroupName=f"/aws/sagemaker/Endpoints/{name}", logStreamName=stream["logStreamName"], startFromHead=True
    )["events"]
    assert "hello from the model" in [event["message"] for event in events]
