"""Jobs and endpoints in subnets of a VPC: by roles that may place them there, and with a preflight that looks first.

Source: SageMaker developer guide, "Give SageMaker training jobs access to resources in your Amazon VPC", and the same
of processing jobs and hosted endpoints.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.bootstrap.apply import apply
from agent.bootstrap.orders import chosen, orders
from agent.clock import SystemClock
from agent.cloud.embedded import EmbeddedCloud
from agent.config.model import Configuration
from agent.config.section import Resources
from agent.errors import CloudFailedError
from agent.preflight import networks
from agent.preflight.preflight import PATIENT, look_at, subjects
from agent.preflight.running import side_by_side
from agent.runner import run_step
from pipeline_steps import deploy, train
from tests.contract.steps.deploy_project import administrator
from tests.contract.steps.deploy_world import World, new_world
from tests.fakes import KeptReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.preflight.finding import Finding

NAMES = {"111111111111": "tools", "222222222222": "qa", "333333333333": "prod"}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A project without networks."""
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def made(plain: World) -> Mapping[str, Mapping[str, Any]]:
    """A VPC with two subnets and a way to S3 in two accounts."""
    return {name: vpc(plain, name) for name in ("tools", "qa")}


@pytest.fixture(scope="module")
def world(plain: World, made: Mapping[str, Mapping[str, Any]]) -> World:
    """The same project after its networks were configured and its accounts bootstrapped again."""
    configuration = placed(
        plain, tools={"vpc": made["tools"], "encrypt_traffic": True}, qa={"vpc": made["qa"], "isolated": True}
    )
    stacks = chosen(orders(configuration), ["tools", "qa"])
    apply(
        stacks,
        lambda account: administrator(plain.cloud, NAMES[account]),
        clock=SystemClock(),
        report=KeptReport(),
    )
    return replace(plain, configuration=configuration, _accounts={})


def placed(world: World, **networks: Mapping[str, Any]) -> Configuration:
    """The configuration with networks, by the account's name."""
    document = world.configuration.model_dump(mode="json", exclude_unset=True)
    for name, network in networks.items():
        section = document["tools"] if name == "tools" else document["environments"][name]
        section["network"] = network
    return Configuration.model_validate_json(json.dumps(document))


def vpc(world: World, name: str) -> dict[str, Any]:
    """A new VPC, as the configuration names it."""
    ec2 = world.client("ec2", name)
    place = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=place, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for number, zone in enumerate("ab")
    ]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [place]}])["RouteTables"]
    ec2.create_vpc_endpoint(
        VpcId=place, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table["RouteTableId"] for table in tables]
    )
    group = ec2.create_security_group(GroupName="containers", Description="of this project", VpcId=place)["GroupId"]
    return {"subnets": [one["Subnet"]["SubnetId"] for one in subnets], "security_groups": [group]}


def looked(world: World, configuration: Configuration | None = None) -> list[Finding]:
    """What a preflight finds of networks, and of what roles may do."""
    found = look_at(configuration or world.configuration, world.context().accounts, None, limits=PATIENT)
    return [finding for finding in found if finding.what in {"network", "permissions"}]


def inputs(world: World) -> train.Inputs:
    tools = world.configuration.tools
    return train.Inputs(
        project=world.project,
        bucket=world.bucket,
        role=tools.execution_role,
        image=world.image,
        channels={"training": world.data_set({"rows.csv": "1,1\n"})},
        hyperparameters={},
        resources=Resources(instance_type="ml.m5.large"),
        max_runtime=60,
        network=tools.network,
    )


def test_a_preflight_finds_the_network_and_what_it_takes(world: World, made: Mapping[str, Any]) -> None:
    found = looked(world)
    assert {finding.severity for finding in found} == {"ok"}
    assert [(each.place, each.why.partition(", ")[2]) for each in found if each.what == "network"] == [
        ("tools", "in us-east-1a, us-east-1b"),
        ("qa", "in us-east-1a, us-east-1b"),
    ]


def test_a_subnet_of_another_account_is_an_error(world: World, made: Mapping[str, Any]) -> None:
    changed = placed(world, tools={"vpc": {**made["tools"], "subnets": made["qa"]["subnets"]}})
    wrong = [finding for finding in looked(world, changed) if finding.what == "network" and finding.severity == "error"]
    assert [finding.resource for finding in wrong] == made["qa"]["subnets"]


def test_a_role_that_may_not_look_is_a_warning(world: World, made: Mapping[str, Any]) -> None:
    """The stacks of before the network was configured let nobody see it."""
    found = looked(world, placed(world, prod={"vpc": made["qa"]}))
    (told,) = [finding for finding in found if finding.what == "network" and finding.place == "prod"]
    assert told.severity == "warning"
    assert "ec2:DescribeSubnets" in told.why
    assert "modelyard bootstrap apply --account prod" in told.fix


def test_a_training_job_is_placed_there_and_is_another_one(world: World, made: Mapping[str, Any]) -> None:
    wanted = inputs(world)
    result = run_step(train.STEP, wanted, world.context()).result
    described = world.sagemaker("tools").describe_training_job(TrainingJobName=result.model.job)
    assert described["VpcConfig"] == {
        "Subnets": made["tools"]["subnets"],
        "SecurityGroupIds": made["tools"]["security_groups"],
    }
    assert described["EnableInterContainerTrafficEncryption"] is True
    assert train.STEP.key(wanted) != train.STEP.key(wanted.model_copy(update={"network": None}))


def test_an_endpoint_s_model_is_placed_there(world: World, made: Mapping[str, Any]) -> None:
    world.deploy(world.release("one"))
    assert world.answer() == "one"
    (name,) = world.models()
    described = world.sagemaker().describe_model(ModelName=name)
    assert described["VpcConfig"] == {
        "Subnets": made["qa"]["subnets"],
        "SecurityGroupIds": made["qa"]["security_groups"],
    }
    assert described["EnableNetworkIsolation"] is True
    world.clear()


def test_a_role_that_may_not_place_anything_is_refused_by_name(world: World, made: Mapping[str, Any]) -> None:
    """The stack of production knows of no network yet."""
    prod = placed(world, prod={"vpc": made["qa"]}).environments["prod"]
    wanted = deploy.Inputs(
        project=world.project, release=world.release("one"), environment_name="prod", environment=prod
    )
    with pytest.raises(CloudFailedError, match=r"VpcConfig cannot be used with the role .*ec2:CreateNetworkInterface"):
        run_step(deploy.STEP, wanted, world.context())


def actions(world: World, policy: str, role: str) -> Iterator[str]:
    """Each action of a role's policy while the role lacks it; the policy is as it was in the end."""
    iam = world.client("iam", "tools")
    name = {"RoleName": role.rpartition("/")[2], "PolicyName": policy}
    document = iam.get_role_policy(**name)["PolicyDocument"]
    try:
        for number, statement in enumerate(document["Statement"]):
            for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
                changed = json.loads(json.dumps(document))
                rest = changed["Statement"][number]
                rest["Action"] = [one for one in statement["Action"] if one != action and statement["Action"] != action]
                rest["Action"] = rest["Action"] or ["ec2:DescribeTags"]
                iam.put_role_policy(**name, PolicyDocument=json.dumps(changed))
                yield action
    finally:
        iam.put_role_policy(**name, PolicyDocument=json.dumps(document))


def test_every_permission_on_interfaces_is_needed(world: World) -> None:
    wanted = inputs(world).model_copy(update={"hyperparameters": {"of": "this test"}})
    refused = []
    for action in actions(world, "network", wanted.role):
        with pytest.raises(CloudFailedError, match=f"VpcConfig cannot be used with the role .*{action}"):
            run_step(train.STEP, wanted, world.context())
        refused.append(action)
    assert len(refused) == 10


def test_every_permission_to_look_is_needed(world: World) -> None:
    assert world.configuration.tools.role is not None
    told = []
    for action in actions(world, "see-the-network", world.configuration.tools.role):
        tools = next(subjects(world.configuration, world.context().accounts, None))
        (finding,) = side_by_side(list(networks.looks(tools)), seconds=PATIENT.rest)
        assert finding.severity == "warning"
        assert action in finding.why
        told.append(action)
    assert len(told) == 4


def test_what_does_not_exist_is_refused_by_the_service(world: World) -> None:
    wanted = inputs(world)
    assert wanted.network is not None
    assert wanted.network.vpc is not None
    vpc_of_nobody = wanted.network.vpc.model_copy(update={"security_groups": ("sg-00000000000000000",)})
    network = wanted.network.model_copy(update={"vpc": vpc_of_nobody})
    with pytest.raises(CloudFailedError, match="ValidationException: VpcConfig"):
        run_step(train.STEP, wanted.model_copy(update={"network": network}), world.context())


def test_only_networks_of_ec2_are_served(world: World) -> None:
    with pytest.raises(Exception, match="ec2 is not served"):
        world.client("ec2", "tools").describe_instances()
