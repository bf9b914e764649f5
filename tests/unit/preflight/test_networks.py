"""A network that cannot work is found before anything is spent, and what may not work is a warning that says how."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.network import EndpointNetwork, JobNetwork, Vpc
from agent.errors import ExitCode
from agent.ports.networks import RouteTable, SecurityGroup, ServiceEndpoint, Subnet
from agent.preflight import networks
from agent.preflight.networks import Found
from tests.contract.bootstrap.landscape import configuration
from tests.unit.preflight.subjects import PROJECT, subject

if TYPE_CHECKING:
    from agent.config.model import Configuration
    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject

VPC = Vpc(subnets=("subnet-a", "subnet-b"), security_groups=("sg-1",))
A, B = (Subnet(id=f"subnet-{zone}", vpc="vpc-1", zone=f"us-east-1{zone}", free=200) for zone in "ab")
GROUP = SecurityGroup(id="sg-1", vpc="vpc-1", admits=frozenset({"sg-1"}))
MAIN = RouteTable(id="rtb-main", main=True, subnets=frozenset(), out=frozenset({"nat-1"}))
WELL = Found(subnets=(A, B), groups=(GROUP,), tables=(MAIN,), endpoints=())
GATEWAY = ServiceEndpoint(id="vpce-1", kind="Gateway", tables=frozenset({"rtb-main"}))


def placed(instances: int = 1) -> Configuration:
    """A project whose jobs and endpoints are in the VPC."""
    chosen = configuration(PROJECT)
    tools = chosen.tools.model_copy(update={"network": JobNetwork(vpc=VPC)})
    resources = chosen.training.resources.model_copy(update={"instance_count": instances})
    training = chosen.training.model_copy(update={"resources": resources})
    environments = {
        name: environment.model_copy(update={"network": EndpointNetwork(vpc=VPC)})
        for name, environment in chosen.environments.items()
    }
    return chosen.model_copy(update={"tools": tools, "training": training, "environments": environments})


def judged(found: Found, about: Subject | None = None) -> list[Finding]:
    return list(networks.judge(about or subject("tools", placed()), VPC, found))


def only(found: Found, about: Subject | None = None) -> Finding:
    (finding,) = judged(found, about)
    return finding


def changed(**parts: Any) -> Found:
    return replace(WELL, **parts)


def test_without_a_network_nothing_is_asked() -> None:
    assert list(networks.looks(subject())) == []


def test_what_fits_is_well() -> None:
    finding = only(WELL)
    assert (finding.severity, finding.why) == ("ok", "vpc-1, in us-east-1a, us-east-1b")


def test_what_is_not_there_is_an_error_each_and_nothing_else_is_said() -> None:
    findings = judged(changed(subnets=(A,), groups=()))
    assert [(each.severity, each.resource, each.exit_code) for each in findings] == [
        ("error", "subnet-b", ExitCode.INPUT_MISSING),
        ("error", "sg-1", ExitCode.INPUT_MISSING),
    ]
    assert findings[0].why == "account 111111111111 has no subnet subnet-b in us-east-1"
    assert findings[0].key == "tools.network.vpc"


def test_parts_of_two_vpcs_are_an_error() -> None:
    finding = only(changed(groups=(replace(GROUP, vpc="vpc-2"),)))
    assert (finding.severity, finding.fix) == ("error", "name those of one VPC")
    assert "sg-1 of vpc-2" in finding.why


@pytest.mark.parametrize(("free", "severity"), [(0, "error"), (1, "warning"), (2, "ok")])
def test_each_instance_needs_addresses(free: int, severity: str) -> None:
    few = (replace(A, free=free), replace(B, free=0))
    assert only(changed(subnets=few)).severity == severity


def test_an_endpoint_in_one_zone_is_a_warning_and_a_job_is_none() -> None:
    here = changed(subnets=(A, replace(B, zone=A.zone)))
    assert only(here).severity == "ok"
    finding = only(here, subject("qa", placed()))
    assert (finding.severity, finding.key) == ("warning", "environments.qa.network.vpc")
    assert "goes down with that availability zone" in finding.why


def test_instances_of_one_job_must_be_let_in_by_their_own_group() -> None:
    closed = changed(groups=(replace(GROUP, admits=frozenset()),))
    assert only(closed).severity == "ok"
    finding = only(closed, subject("tools", placed(instances=2)))
    assert (finding.severity, finding.resource) == ("warning", "sg-1")
    assert only(WELL, subject("tools", placed(instances=2))).severity == "ok"


@pytest.mark.parametrize(
    ("found", "severities"),
    [
        (changed(tables=(replace(MAIN, out=frozenset({"igw-1"})),)), ["warning", "warning"]),
        (changed(tables=(replace(MAIN, out=frozenset()),), endpoints=(GATEWAY,)), ["ok"]),
        (changed(tables=(), endpoints=(replace(GATEWAY, kind="Interface"),)), ["ok"]),
        (
            changed(tables=(MAIN, RouteTable(id="own", main=False, subnets=frozenset({"subnet-a"}), out=frozenset()))),
            ["warning"],
        ),
        (changed(tables=()), ["warning", "warning"]),
    ],
    ids=["only an internet gateway", "a gateway endpoint", "an interface endpoint", "a table of its own", "no table"],
)
def test_there_must_be_a_way_to_the_artifacts(found: Found, severities: list[str]) -> None:
    assert [each.severity for each in judged(found)] == severities
