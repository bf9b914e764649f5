"""How an operation of one of our services is declared: what it is authorised on, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agent.cloud.identity import Call, ResourcePolicy

Members = dict[str, Any]
"""The members of a request or an answer in AWS's own shape."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One API operation.

    ``resource`` names the ARN that the caller needs permission on (before the request is validated, so it must cope
    with missing members); ``*`` for list operations. ``conditions`` gives the condition keys of the request,
    ``policy`` the policy that the resource carries itself.
    """

    run: Callable[[Call, Members], Awaitable[Members]]
    resource: Callable[[Call, Members], str] = lambda _call, _request: "*"
    conditions: Callable[[Members], Mapping[str, Any]] | None = None
    policy: Callable[[str], ResourcePolicy | None] | None = None


class Room(Protocol):
    """One kind of resource with its operations; the service is a list of rooms."""

    def operations(self) -> Mapping[str, Operation]:
        """The operations that this room serves, by name."""

    async def resume(self) -> None:
        """Take up what was running when the cloud last went down."""


def named(kind: str, member: str) -> Callable[[Call, Members], str]:
    """The resource whose name is the request's ``member``, such as ``named("model", "ModelName")``."""

    def resource(call: Call, request: Members) -> str:
        return call.arn(kind, str(request.get(member, "")))

    return resource


def request_tags(request: Members) -> Mapping[str, Any]:
    """The condition keys ``aws:RequestTag/…`` and ``aws:TagKeys`` of a request that creates a tagged resource."""
    tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags") or [] if "Key" in tag}
    return {f"aws:RequestTag/{key}": value for key, value in tags.items()} | (
        {"aws:TagKeys": list(tags)} if tags else {}
    )


def without(request: Members, *members: str) -> Members:
    """``request`` less some members, such as the tags that are kept apart from their resource."""
    return {key: value for key, value in request.items() if key not in members}
