"""Subnets, security groups and routes as EC2 describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.aws.refusals import refusals
from agent.ports.networks import RouteTable, SecurityGroup, ServiceEndpoint, Subnet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.aws.sessions import Clients

_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})
_TARGETS = (
    "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId", "VpcPeeringConnectionId", "GatewayId",
)  # fmt: skip
_ALL_PROTOCOLS = "-1"


class AwsNetworks:
    """An :class:`agent.ports.networks.Networks` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def subnets(self, ids: Sequence[str]) -> tuple[Subnet, ...]:
        """``DescribeSubnets``, by a filter: to ask for one that is absent by its id would be an error."""
        found = {one["SubnetId"]: _subnet(one) for one in self._pages("describe_subnets", "Subnets", "subnet-id", ids)}
        return tuple(found[name] for name in ids if name in found)

    def security_groups(self, ids: Sequence[str]) -> tuple[SecurityGroup, ...]:
        """``DescribeSecurityGroups``."""
        told = self._pages("describe_security_groups", "SecurityGroups", "group-id", ids)
        found = {one["GroupId"]: _security_group(one) for one in told}
        return tuple(found[name] for name in ids if name in found)

    def route_tables(self, vpc: str) -> tuple[RouteTable, ...]:
        """``DescribeRouteTables``."""
        return tuple(map(_table, self._pages("describe_route_tables", "RouteTables", "vpc-id", [vpc])))

    def endpoints(self, vpc: str, service: str) -> tuple[ServiceEndpoint, ...]:
        """``DescribeVpcEndpoints``; those that are still being made, or failed, are no way yet."""
        named = f"com.amazonaws.{self._clients.region}.{service}"
        found = self._pages("describe_vpc_endpoints", "VpcEndpoints", "vpc-id", [vpc])
        return tuple(
            ServiceEndpoint(
                id=one["VpcEndpointId"], kind=one["VpcEndpointType"], tables=frozenset(one.get("RouteTableIds", ()))
            )
            for one in found
            if (one["VpcId"], one["ServiceName"], one["State"].lower()) == (vpc, named, "available")
        )

    def _pages(self, operation: str, member: str, key: str, values: Sequence[str]) -> Iterator[Any]:
        filters, resource = [{"Name": key, "Values": list(values)}], ", ".join(values)
        name = "".join(part.capitalize() for part in operation.split("_"))
        with refusals(f"ec2:{name}", resource, account=self._account, region=self._clients.region):
            for page in self._clients.client("ec2").get_paginator(operation).paginate(Filters=filters):
                yield from page[member]


def _subnet(told: Mapping[str, Any]) -> Subnet:
    free = told["AvailableIpAddressCount"]
    return Subnet(id=told["SubnetId"], vpc=told["VpcId"], zone=told["AvailabilityZone"], free=free)


def _security_group(told: Mapping[str, Any]) -> SecurityGroup:
    return SecurityGroup(id=told["GroupId"], vpc=told.get("VpcId", ""), admits=frozenset(_admitted(told)))


def _admitted(group: Mapping[str, Any]) -> Iterator[str]:
    for permission in group["IpPermissions"]:
        if permission["IpProtocol"] == _ALL_PROTOCOLS:
            yield from (pair["GroupId"] for pair in permission["UserIdGroupPairs"])


def _table(told: Mapping[str, Any]) -> RouteTable:
    associations = told.get("Associations", ())
    routes = [
        route
        for route in told["Routes"]
        if {route.get("DestinationCidrBlock"), route.get("DestinationIpv6CidrBlock")} & _EVERYWHERE
        and route.get("State") == "active"
    ]
    return RouteTable(
        id=told["RouteTableId"],
        main=any(one.get("Main") for one in associations),
        subnets=frozenset(one["SubnetId"] for one in associations if one.get("SubnetId")),
        out=frozenset(route[target] for route in routes for target in _TARGETS if route.get(target)),
    )
