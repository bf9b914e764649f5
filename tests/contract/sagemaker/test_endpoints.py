"""Endpoints and their configurations: what they answer from creation to deletion.

Sources: CreateEndpointConfig, CreateEndpoint, UpdateEndpointWeightsAndCapacities, DescribeEndpoint, DeleteEndpoint and
ListEndpoints in the SageMaker API reference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.processes import descendants, survivors
from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.workbench import INSTANCE, Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory


QUICK = 480.0
"""A rate of the cloud's clock at which the eight minutes of a health check last a second."""


@pytest.fixture(scope="module")
def model(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[str]:
    """A model that can be served."""
    name = unique("model")
    workbench.model(name)
    yield name
    workbench.sagemaker.delete_model(ModelName=name)


@pytest.fixture
def endpoint(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[str]:
    """An endpoint in service."""
    name = unique("endpoint")
    workbench.endpoint(name)
    assert workbench.settled_endpoint(name)["EndpointStatus"] == "InService"
    yield name
    workbench.settled_endpoint(name)
    workbench.dismantle(name)


def variant(model: str, name: str = "only", **members: Any) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
        **members,
    }


# --- configurations ------------------------------------------------------------------------------------------------


def test_a_configuration_is_described_as_it_was_created(
    workbench: Workbench, model: str, unique: Callable[[str], str]
) -> None:
    """DescribeEndpointConfig answers the request with name, ARN and time."""
    name = unique("config")
    arn = workbench.endpoint_config(name, model, Tags=[{"Key": "team", "Value": "a"}])
    described = workbench.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert described["EndpointConfigArn"] == arn
    assert described["ProductionVariants"] == [variant(model, InitialVariantWeight=1.0)]
    assert workbench.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    workbench.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        workbench.sagemaker.describe_endpoint_config(EndpointConfigName=name)


def test_a_configuration_name_is_used_once(workbench: Workbench, model: str, unique: Callable[[str], str]) -> None:
    """CreateEndpointConfig: "The name of the endpoint configuration" identifies it in the account and region."""
    name = unique("config")
    workbench.endpoint_config(name, model)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        workbench.endpoint_config(name, model)
    workbench.sagemaker.delete_endpoint_config(EndpointConfigName=name)


def test_a_configuration_needs_models_that_exist(workbench: Workbench, unique: Callable[[str], str]) -> None:
    """CreateEndpointConfig: ModelName is "the name that you specified when creating the model"."""
    with pytest.raises(ClientError, match='Could not find model "arn:aws:sagemaker:'):
        workbench.endpoint_config(unique("config"), "no-such-model")


SERVERLESS = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}


@pytest.mark.parametrize(
    "variants",
    [
        [{}, {}],
        [{"ServerlessConfig": SERVERLESS}],
        [{"InstanceType": None}],
        [{"InitialInstanceCount": None}],
        [
            {"InstanceType": None, "InitialInstanceCount": None, "ServerlessConfig": SERVERLESS},
            {"VariantName": "second"},
        ],
        [
            {
                "InstanceType": None,
                "InitialInstanceCount": None,
                "ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 1},
            }
        ],
    ],
    ids=["same-name-twice", "both-kinds", "no-type", "no-count", "kinds-mixed", "odd-memory"],
)
def test_variants_that_contradict_each_other_are_refused(
    workbench: Workbench, model: str, unique: Callable[[str], str], variants: list[dict[str, Any]]
) -> None:
    """ProductionVariant: names are unique; a variant has instances or a ServerlessConfig."""
    made = [{k: v for k, v in variant(model, **members).items() if v is not None} for members in variants]
    with pytest.raises(ClientError, match="ValidationException"):
        workbench.sagemaker.create_endpoint_config(EndpointConfigName=unique("config"), ProductionVariants=made)


def test_configurations_are_listed(workbench: Workbench, model: str, unique: Callable[[str], str]) -> None:
    """ListEndpointConfigs: NameContains, and newest first unless asked otherwise."""
    prefix = unique("listed")
    names = [f"{prefix}-{number}" for number in range(3)]
    for name in names:
        workbench.endpoint_config(name, model)
    listed = workbench.sagemaker.list_endpoint_configs(NameContains=prefix, SortBy="Name", SortOrder="Ascending")
    assert [config["EndpointConfigName"] for config in listed["EndpointConfigs"]] == names
    for name in names:
        workbench.sagemaker.delete_endpoint_config(EndpointConfigName=name)


# --- a life --------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_created_serves_and_goes(
    workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """CreateEndpoint: Creating, then InService; DeleteEndpoint: Deleting, then gone."""
    name = unique("endpoint")
    arn = workbench.endpoint(name, Tags=[{"Key": "team", "Value": "a"}])
    first = workbench.sagemaker.describe_endpoint(EndpointName=name)
    assert (first["EndpointArn"], first["EndpointStatus"]) == (arn, "Creating")
    assert "ProductionVariants" not in first
    described = workbench.settled_endpoint(name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", name)
    assert "FailureReason" not in described
    assert workbench.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1,2", ContentType="text/csv")
    assert answer["Body"].read() == b"1,2"
    workbench.dismantle(name)
    workbench.await_deletion(name)
    with pytest.raises(ClientError, match=f'Could not find endpoint "{arn}"'):
        workbench.sagemaker.describe_endpoint(EndpointName=name)


def test_variants_show_their_images_by_digest(workbench: Workbench, endpoint: str) -> None:
    """ProductionVariantSummary: DeployedImages with SpecifiedImage and ResolvedImage, weights and instance counts."""
    (shown,) = workbench.sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    (deployed,) = shown["DeployedImages"]
    assert deployed["SpecifiedImage"] == workbench.image
    assert deployed["ResolvedImage"].partition("@")[2] == workbench.image.partition("@")[2]
    assert (shown["CurrentWeight"], shown["DesiredWeight"]) == (1.0, 1.0)
    assert (shown["CurrentInstanceCount"], shown["DesiredInstanceCount"]) == (1, 1)


def test_an_endpoint_name_is_used_once_whatever_its_case(workbench: Workbench, endpoint: str) -> None:
    """CreateEndpoint: "The name is case-insensitive in CreateEndpoint"."""
    for name in (endpoint, endpoint.upper()):
        with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
            workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=endpoint)


def test_an_endpoint_needs_a_configuration(workbench: Workbench, unique: Callable[[str], str]) -> None:
    """CreateEndpoint: EndpointConfigName is "the name of an endpoint configuration"."""
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        workbench.sagemaker.create_endpoint(EndpointName=unique("endpoint"), EndpointConfigName="no-such-config")


def test_an_endpoint_that_is_being_changed_can_be_neither_changed_nor_deleted(
    workbench: Workbench, unique: Callable[[str], str]
) -> None:
    """UpdateEndpoint and DeleteEndpoint wait for the end of what is under way."""
    name = unique("endpoint")
    workbench.endpoint(name, {"start-seconds": "1"})
    weights = [{"VariantName": "only", "DesiredWeight": 2.0}]
    changes: tuple[Callable[[], object], ...] = (
        lambda: workbench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=name),
        lambda: workbench.sagemaker.delete_endpoint(EndpointName=name),
        lambda: workbench.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=weights
        ),
    )
    for change in changes:
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            change()
    workbench.settled_endpoint(name)
    workbench.dismantle(name)


def test_endpoints_are_listed_by_status_and_name(workbench: Workbench, endpoint: str) -> None:
    """ListEndpoints: NameContains and StatusEquals."""
    listed = workbench.sagemaker.list_endpoints(NameContains=endpoint, StatusEquals="InService")["Endpoints"]
    assert [entry["EndpointName"] for entry in listed] == [endpoint]
    assert workbench.sagemaker.list_endpoints(NameContains=endpoint, StatusEquals="Failed")["Endpoints"] == []


def test_models_and_configuration_may_go_while_the_endpoint_serves(
    workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """DeleteModel and DeleteEndpointConfig do not touch what is deployed; but updating needs the live configuration."""
    name, other = unique("endpoint"), unique("config")
    workbench.endpoint(name)
    workbench.settled_endpoint(name)
    workbench.endpoint_config(other, name)
    workbench.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    workbench.sagemaker.delete_model(ModelName=name)
    assert client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"x")["Body"].read() == b"x"
    with pytest.raises(ClientError, match="Could not find"):
        workbench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other)
    workbench.sagemaker.delete_endpoint(EndpointName=name)
    workbench.sagemaker.delete_endpoint_config(EndpointConfigName=other)


# --- weights and capacities ----------------------------------------------------------------------------------------


def test_weights_and_capacities_change_in_place(workbench: Workbench, endpoint: str) -> None:
    """UpdateEndpointWeightsAndCapacities: Updating, then InService with what was desired."""
    workbench.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "only", "DesiredWeight": 3.0, "DesiredInstanceCount": 2}],
    )
    first = workbench.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert first["EndpointStatus"] == "Updating"
    assert first["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert first["ProductionVariants"][0]["DesiredInstanceCount"] == 2
    (shown,) = workbench.settled_endpoint(endpoint)["ProductionVariants"]
    assert (shown["CurrentWeight"], shown["CurrentInstanceCount"]) == (3.0, 2)


def test_only_variants_of_the_endpoint_can_be_changed(workbench: Workbench, endpoint: str) -> None:
    """UpdateEndpointWeightsAndCapacities: VariantName is "the name of the variant to update"."""
    with pytest.raises(ClientError, match="ValidationException"):
        workbench.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "other", "DesiredWeight": 1.0}]
        )


@pytest.mark.embedded_only("asks for a fault")
def test_instances_that_cannot_be_had_leave_the_endpoint_as_it_was(
    workbench: Workbench, cloud: EmbeddedCloud, endpoint: str
) -> None:
    """DescribeEndpoint: RollingBack, then InService; FailureReason says why."""
    action = "sagemaker:UpdateEndpointWeightsAndCapacities"
    cloud.fault("capacity", operation=action, resource=endpoint)
    workbench.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "only", "DesiredInstanceCount": 5}]
    )
    described = workbench.settled_endpoint(endpoint)
    assert described["EndpointStatus"] == "InService"
    assert "InsufficientInstanceCapacity" in described["FailureReason"]
    assert described["ProductionVariants"][0]["DesiredInstanceCount"] == 1


# --- failures ------------------------------------------------------------------------------------------------------


def failed(workbench: Workbench, name: str) -> str:
    """The reason why an endpoint could not be created; it is deleted."""
    described = workbench.settled_endpoint(name)
    assert described["EndpointStatus"] == "Failed"
    workbench.sagemaker.delete_endpoint(EndpointName=name)
    return str(described["FailureReason"])


@pytest.mark.embedded_only("makes time pass quickly")
@pytest.mark.parametrize("orders", [{"ping-status": "500"}, {"exit": "1"}], ids=["sick", "exiting"])
def test_a_container_that_does_not_become_healthy_fails_the_endpoint(
    workbench: Workbench, cloud: EmbeddedCloud, unique: Callable[[str], str], orders: dict[str, str]
) -> None:
    """Developer guide, "How your container should respond to health check (ping) requests": eight minutes."""
    name = unique("endpoint")
    cloud.set_clock_rate(QUICK)
    workbench.endpoint(name, orders)
    assert failed(workbench, name) == (
        "The primary container for production variant only did not pass the ping health check. Please check CloudWatch "
        "logs for this endpoint."
    )


@pytest.mark.embedded_only("makes time pass quickly")
def test_the_health_check_can_have_another_time_limit(
    workbench: Workbench, cloud: EmbeddedCloud, unique: Callable[[str], str]
) -> None:
    """ProductionVariant: ContainerStartupHealthCheckTimeoutInSeconds."""
    name = unique("endpoint")
    workbench.model(name, {"ping-status": "500"})
    cloud.set_clock_rate(QUICK / 10)
    short = variant(name, ContainerStartupHealthCheckTimeoutInSeconds=60)
    workbench.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[short])
    workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert "ping health check" in failed(workbench, name)


@pytest.mark.embedded_only("asks for a fault")
@pytest.mark.parametrize(
    ("kind", "reason"), [("unhealthy", "ping health check"), ("capacity", "InsufficientInstanceCapacity")]
)
def test_an_endpoint_can_be_made_to_fail(
    workbench: Workbench, cloud: EmbeddedCloud, unique: Callable[[str], str], kind: str, reason: str
) -> None:
    """CreateEndpoint ends in Failed, with the reason in DescribeEndpoint's FailureReason."""
    name = unique("endpoint")
    cloud.set_clock_rate(QUICK)
    cloud.fault(kind, operation="sagemaker:CreateEndpoint", resource=name)
    workbench.endpoint(name)
    assert reason in failed(workbench, name)


def model_of_lost_artifact(workbench: Workbench, s3: Any, name: str) -> None:
    """A model whose artifact is deleted afterwards, for CreateModel refuses one that is not there."""
    place = {"Bucket": workbench.bucket, "Key": f"{name}/model.tar.gz"}
    s3.put_object(**place, Body=b"")
    container = {"Image": workbench.image, "ModelDataUrl": f"s3://{workbench.bucket}/{name}/model.tar.gz"}
    workbench.model(name, PrimaryContainer=container)
    s3.delete_object(**place)


def test_a_model_without_its_artifact_fails_the_endpoint(
    workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """ContainerDefinition: ModelDataUrl must point to an object that the execution role may read."""
    name = unique("endpoint")
    model_of_lost_artifact(workbench, client("s3"), name)
    workbench.endpoint_config(name, name)
    workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert f"s3://{workbench.bucket}/{name}/model.tar.gz" in failed(workbench, name)


@pytest.mark.embedded_only("makes a role")
def test_a_role_that_may_not_pull_the_image_fails_the_endpoint(
    workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """CreateModel: ExecutionRoleArn is what accesses "model artifacts and docker image for deployment"."""
    name = unique("endpoint")
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}]}
    workbench.model(name, ExecutionRoleArn=create_role(client("iam"), name))
    client("iam").put_role_policy(RoleName=name, PolicyName="withdrawn", PolicyDocument=json.dumps(nothing))
    workbench.endpoint_config(name, name)
    workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert workbench.image in failed(workbench, name)


def test_a_failed_endpoint_can_only_be_deleted(
    workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    """DescribeEndpoint: "DeleteEndpoint is the only operation that can be performed on a failed endpoint."."""
    name = unique("endpoint")
    model_of_lost_artifact(workbench, client("s3"), name)
    workbench.endpoint_config(name, name)
    workbench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    workbench.settled_endpoint(name)
    with pytest.raises(ClientError, match="ValidationException"):
        workbench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=name)
    workbench.dismantle(name)
    workbench.await_deletion(name)


# --- restarts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_bench(own_cloud: EmbeddedCloud) -> Callable[[], Workbench]:
    """Answers a workbench for the life that the test's own cloud is in."""
    role = create_role(own_cloud.client("iam"), "restarts")
    bucket = create_bucket(own_cloud.client("s3"), "restarts")
    image = push_image(own_cloud, "restarts")
    own_cloud.stop()  # a crash loses roles and repositories that were made since the last orderly end
    own_cloud.start()
    return lambda: Workbench(sagemaker=own_cloud.client("sagemaker"), role=role, bucket=bucket, image=image)


@pytest.mark.embedded_only("stops and kills the cloud")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_endpoints_serve_again_after_a_restart(
    own_cloud: EmbeddedCloud, own_bench: Callable[[], Workbench], end: str
) -> None:
    """An endpoint that is InService stays so; its clients only wait for the containers to start again."""
    own_bench().endpoint("lasting")
    own_bench().settled_endpoint("lasting")
    getattr(own_cloud, end)()
    own_cloud.start()
    runtime = own_cloud.client("sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName="lasting", Body=b"still here")["Body"].read() == b"still here"
    assert own_bench().settled_endpoint("lasting")["EndpointStatus"] == "InService"


@pytest.mark.embedded_only("kills the cloud")
def test_what_was_under_way_goes_on_after_a_crash(own_cloud: EmbeddedCloud, own_bench: Callable[[], Workbench]) -> None:
    """An endpoint that was Creating when the cloud was killed becomes InService afterwards."""
    bench = own_bench()
    bench.endpoint("slow", {"start-seconds": "1"})
    assert bench.sagemaker.describe_endpoint(EndpointName="slow")["EndpointStatus"] == "Creating"
    own_cloud.kill()
    own_cloud.start()
    assert own_bench().settled_endpoint("slow")["EndpointStatus"] == "InService"


@pytest.mark.embedded_only("stops the cloud")
def test_an_endpoint_can_be_deleted_while_it_is_brought_back(
    own_cloud: EmbeddedCloud, own_bench: Callable[[], Workbench]
) -> None:
    """DeleteEndpoint of an endpoint that is InService: nothing of it runs afterwards."""
    own_bench().endpoint("slow", {"start-seconds": "2"})
    own_bench().settled_endpoint("slow")
    own_cloud.stop()
    own_cloud.start()
    own_bench().sagemaker.delete_endpoint(EndpointName="slow")
    own_bench().await_deletion("slow")
    assert survivors(descendants(own_cloud.running.pid)) == frozenset()


@pytest.mark.embedded_only("resets the cloud")
def test_a_reset_ends_endpoints_and_lets_them_begin_again(own_cloud: EmbeddedCloud) -> None:
    """Nothing of an endpoint survives a reset: no record, no process, no stale route to either."""

    def build() -> Workbench:
        return Workbench(
            sagemaker=own_cloud.client("sagemaker"),
            role=create_role(own_cloud.client("iam"), "resets"),
            bucket=create_bucket(own_cloud.client("s3"), "resets"),
            image=push_image(own_cloud, "resets"),
        )

    bench = build()
    bench.endpoint("again")
    bench.settled_endpoint("again")
    before = descendants(own_cloud.running.pid)
    own_cloud.reset()
    assert survivors(before) == frozenset()
    bench = build()
    bench.endpoint("again")
    assert bench.settled_endpoint("again")["EndpointStatus"] == "InService"
    runtime = own_cloud.client("sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName="again", Body=b"x")["Body"].read() == b"x"
