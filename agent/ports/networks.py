"""Networks as a preflight looks at them: what is configured is there, fits together, and has a way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A subnet of the VPC ``vpc`` in an availability zone, with so many ``free`` addresses."""

    id: str
    vpc: str
    zone: str
    free: int


@dataclass(frozen=True, kw_only=True)
class SecurityGroup:
    """A security group of a VPC, and the groups whose members it lets in on all ports."""

    id: str
    vpc: str
    admits: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RouteTable:
    """Where a subnet's packets go: ``out`` names the targets of its default routes; ``main`` is for all others."""

    id: str
    main: bool
    subnets: frozenset[str]
    out: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class ServiceEndpoint:
    """A VPC's own door to a service: by route tables (a gateway), or by an address in the VPC (an interface)."""

    id: str
    kind: str
    tables: frozenset[str]


class Networks(Protocol):
    """EC2's networks, read and never changed; every question raises AccessDeniedError where it may not be asked."""

    def subnets(self, ids: Sequence[str]) -> tuple[Subnet, ...]:
        """Those subnets that are there (DescribeSubnets)."""

    def security_groups(self, ids: Sequence[str]) -> tuple[SecurityGroup, ...]:
        """Those security groups that are there (DescribeSecurityGroups)."""

    def route_tables(self, vpc: str) -> tuple[RouteTable, ...]:
        """All of a VPC (DescribeRouteTables)."""

    def endpoints(self, vpc: str, service: str) -> tuple[ServiceEndpoint, ...]:
        """A VPC's doors to a service such as ``s3`` (DescribeVpcEndpoints)."""
