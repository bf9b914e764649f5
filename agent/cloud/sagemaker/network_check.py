"""What SageMaker needs to place containers in a VPC: a role that may do so, and the subnets and groups themselves.

Actions: SageMaker developer guide, "SageMaker roles", the tables for a private VPC. When and in which words SageMaker
refuses is not documented; here it refuses at once, as ``ValidationException``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agent.aws.networks import AwsNetworks
from agent.cloud.errors import AwsError, validation_error
from agent.cloud.sagemaker.role_session import RoleSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform

_ON_INTERFACES = (
    "CreateNetworkInterface",
    "CreateNetworkInterfacePermission",
    "DeleteNetworkInterface",
    "DeleteNetworkInterfacePermission",
)
_ON_ALL = (
    "DescribeDhcpOptions",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)


async def require_network(platform: Platform, call: Call, role_arn: str, vpc: Mapping[str, Any] | None) -> None:
    """Raise ``ValidationException`` unless the role may place containers in this ``VpcConfig``, and it is there."""
    if not vpc:
        return
    session = RoleSession(platform, role_arn, call.region)
    caller = platform.identity.caller_of(session.credentials.access_key_id, call.region)
    for action, resource in _requests(call, vpc):
        try:
            platform.identity.authorize(caller, f"ec2:{action}", resource)
        except AwsError as error:
            raise validation_error(f"VpcConfig cannot be used with the role {role_arn}: {error.message}") from error
    await asyncio.to_thread(_require_there, AwsNetworks(session.clients, call.account), vpc)


def _requests(call: Call, vpc: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    own = f"arn:aws:ec2:{call.region}:{call.account}:"
    for subnet in vpc["Subnets"]:
        yield "CreateNetworkInterface", f"{own}subnet/{subnet}"
    for group in vpc["SecurityGroupIds"]:
        yield "CreateNetworkInterface", f"{own}security-group/{group}"
    for action in _ON_INTERFACES:
        yield action, f"{own}network-interface/*"
    for action in _ON_ALL:
        yield action, "*"


def _require_there(networks: AwsNetworks, vpc: Mapping[str, Any]) -> None:
    subnets, groups = networks.subnets(vpc["Subnets"]), networks.security_groups(vpc["SecurityGroupIds"])
    places = {**{subnet.id: subnet.vpc for subnet in subnets}, **{group.id: group.vpc for group in groups}}
    missing = {*vpc["Subnets"], *vpc["SecurityGroupIds"]} - places.keys()
    if missing:
        raise validation_error(f"VpcConfig names what does not exist: {', '.join(sorted(missing))}")
    if len(set(places.values())) > 1:
        raise validation_error("VpcConfig names subnets and security groups of different VPCs")
