"""Whether subnets and security groups that are configured are there, fit together, and have a way to the artifacts.

Sources: SageMaker developer guide, "Give SageMaker training jobs access to resources in your Amazon VPC" and "Give
SageMaker hosted endpoints access to resources in your Amazon VPC": addresses, groups, S3 endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import ExitCode
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.network import EndpointNetwork, Vpc
    from agent.ports.networks import Networks, RouteTable, SecurityGroup, ServiceEndpoint, Subnet
    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject

_WHAT = "network"
_ADDRESSES_EACH = 2
"""Addresses that an instance may take."""
_TO_THE_INTERNET = "igw-"
"""Of no use to containers: they have private addresses only."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What EC2 tells of a configured network."""

    subnets: Sequence[Subnet]
    groups: Sequence[SecurityGroup]
    tables: Sequence[RouteTable]
    endpoints: Sequence[ServiceEndpoint]


def looks(subject: Subject) -> Iterator[Look]:
    """One look where a network is configured."""
    network = network_of(subject)
    if network is not None and network.vpc is not None:
        vpc = network.vpc
        yield Look(
            subject=subject,
            what=_WHAT,
            resource=", ".join(vpc.subnets),
            ask=lambda: judge(subject, vpc, _asked(subject.account.networks, vpc)),
            needed=False,
            hints={"fix": f"mend the role: {subject.apply}", "key": _key(subject)},
        )


def network_of(subject: Subject) -> EndpointNetwork | None:
    """The network of jobs, or of an environment's endpoint."""
    return (subject.environment or subject.configuration.tools).network


def instances_of(subject: Subject) -> int:
    """The most instances that one job or the endpoint has; an update runs the old fleet beside the new one."""
    environment, configuration = subject.environment, subject.configuration
    if environment is not None:
        hosting = environment.endpoint.instance
        if hosting is None:
            return 0
        return 2 * max(hosting.count, hosting.autoscaling.max_count if hosting.autoscaling else 0)
    jobs = (configuration.training, configuration.evaluation, configuration.prepare)
    return max(job.resources.instance_count for job in jobs if job is not None)


def judge(subject: Subject, vpc: Vpc, found: Found) -> Iterator[Finding]:
    """All that is wrong, or that it is well; what is not there is told alone, for the rest follows from it."""
    missing = [*_missing(subject, "subnet", vpc.subnets, found.subnets)]
    missing += _missing(subject, "security group", vpc.security_groups, found.groups)
    if missing:
        yield from missing
        return
    wrong = [
        *_several_networks(subject, found),
        *_few_addresses(subject, found),
        *_one_zone(subject, found),
        *_strangers(subject, found),
        *_without_way(subject, found),
    ]
    yield from wrong
    if not wrong:
        zones = sorted({subnet.zone for subnet in found.subnets})
        yield subject.ok(_WHAT, found.subnets[0].vpc, f"{found.subnets[0].vpc}, in {', '.join(zones)}")


def _asked(networks: Networks, vpc: Vpc) -> Found:
    subnets, groups = networks.subnets(vpc.subnets), networks.security_groups(vpc.security_groups)
    places = {subnet.vpc for subnet in subnets}
    return Found(
        subnets=subnets,
        groups=groups,
        tables=[table for place in sorted(places) for table in networks.route_tables(place)],
        endpoints=[endpoint for place in sorted(places) for endpoint in networks.endpoints(place, "s3")],
    )


def _missing(
    subject: Subject, what: str, wanted: Sequence[str], found: Sequence[Subnet | SecurityGroup]
) -> Iterator[Finding]:
    known = {one.id for one in found}
    for name in wanted:
        if name not in known:
            account = subject.account
            why = f"account {account.id} has no {what} {name} in {account.region}"
            yield _error(subject, name, why, f"name one of this account and region in `{_key(subject)}`")


def _several_networks(subject: Subject, found: Found) -> Iterator[Finding]:
    every: list[Subnet | SecurityGroup] = [*found.subnets, *found.groups]
    places = sorted({one.vpc for one in every})
    if len(places) > 1:
        told = ", ".join(f"{one.id} of {one.vpc}" for one in every)
        why = f"subnets and security groups are of {len(places)} VPCs: {told}"
        yield _error(subject, places[0], why, "name those of one VPC")


def _few_addresses(subject: Subject, found: Found) -> Iterator[Finding]:
    free, instances = sum(subnet.free for subnet in found.subnets), instances_of(subject)
    if free < instances * _ADDRESSES_EACH:
        resource = ", ".join(subnet.id for subnet in found.subnets)
        why = f"{free} addresses are free, and {instances} instances take up to {instances * _ADDRESSES_EACH}"
        if free < instances:
            yield _error(subject, resource, why, "name larger subnets, or more of them")
        else:
            yield _warning(subject, resource, why, "name larger subnets, or more of them")


def _one_zone(subject: Subject, found: Found) -> Iterator[Finding]:
    zones = {subnet.zone for subnet in found.subnets}
    if subject.environment is not None and len(zones) == 1:
        why = f"all subnets are in {min(zones)}: the endpoint goes down with that availability zone"
        yield _warning(subject, found.subnets[0].id, why, "add a subnet of another zone")


def _strangers(subject: Subject, found: Found) -> Iterator[Finding]:
    """Instances of one job speak to each other."""
    admitted = {group for one in found.groups for group in one.admits}
    if subject.environment is None and instances_of(subject) > 1 and not admitted & {one.id for one in found.groups}:
        group = found.groups[0].id
        why = f"jobs have several instances, and no security group lets its own members in: {group}"
        yield _warning(subject, group, why, "add a rule for all traffic whose source is the group itself")


def _without_way(subject: Subject, found: Found) -> Iterator[Finding]:
    """Containers in a VPC get their data by it, from S3."""
    if any(endpoint.kind == "Interface" for endpoint in found.endpoints):
        return
    gateways = {table for endpoint in found.endpoints for table in endpoint.tables}
    for subnet in found.subnets:
        table = _table_of(subnet, found.tables)
        out = table is not None and any(not target.startswith(_TO_THE_INTERNET) for target in table.out)
        if not out and (table is None or table.id not in gateways):
            why = f"{subnet.id} has neither a route to S3 nor a NAT gateway: artifacts and data cannot be reached"
            table_id = table.id if table else "its route table"
            yield _warning(subject, subnet.id, why, f"add a gateway endpoint for S3 to {subnet.vpc}, for {table_id}")


def _table_of(subnet: Subnet, tables: Sequence[RouteTable]) -> RouteTable | None:
    own = [table for table in tables if subnet.id in table.subnets]
    return next(iter([*own, *(table for table in tables if table.main)]), None)


def _key(subject: Subject) -> str:
    return f"{subject.section}.network.vpc"


def _error(subject: Subject, resource: str, why: str, fix: str) -> Finding:
    code = int(ExitCode.INPUT_MISSING)
    return subject.found("error", _WHAT, resource, why, fix=fix, key=_key(subject), exit_code=code)


def _warning(subject: Subject, resource: str, why: str, fix: str) -> Finding:
    return subject.found("warning", _WHAT, resource, why, fix=fix, key=_key(subject))
