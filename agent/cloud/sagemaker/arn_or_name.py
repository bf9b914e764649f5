"""Resources that a request may name by name or by ARN, which is how another account's are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.identity import Call
    from agent.cloud.sagemaker.operation import Members


class Place(NamedTuple):
    """Where a resource is kept: its owner, its region, and its name as ARNs write it."""

    account: str
    region: str
    name: str


def arn_of(call: Call, kind: str, text: str) -> str:
    """The ARN that ``text`` is, or that a resource of that name has in the caller's account."""
    return text if text.startswith("arn:") and text.count(":") >= 5 else call.arn(kind, text)


def place_of(arn: str) -> Place:
    """Where the resource of an ARN is kept."""
    _, _, _, region, account, resource = arn.split(":", 5)
    return Place(account, region, resource.partition("/")[2].lower())


def kind_of(arn: str) -> str:
    """The kind of resource in an ARN, such as ``model-package``."""
    return arn.split(":", 5)[5].partition("/")[0]


def arn_or_named(kind: str, member: str) -> Callable[[Call, Members], str]:
    """The resource that the request's ``member`` names, by name or by ARN; for :class:`Operation`."""

    def resource(call: Call, request: Members) -> str:
        return arn_of(call, kind, request.get(member, ""))

    return resource
