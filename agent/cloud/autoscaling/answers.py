"""What the operations of Application Auto Scaling share: pages, and the words for what is absent."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from agent.cloud.autoscaling.records import DIMENSION
from agent.cloud.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.cloud.sagemaker.operation import Members

_PAGE = 50


def page(items: Sequence[Members], request: Members, member: str) -> Members:
    """The page of ``items`` that a Describe request asks for; raises ``InvalidNextTokenException``."""
    start = _offset(request.get("NextToken"))
    end = start + int(request.get("MaxResults") or _PAGE)
    token = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return {member: items[start:end], "NextToken": token}


def _offset(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error):
        raise AwsError("InvalidNextTokenException", "The next token is invalid.") from None


def place_members(resource_id: str) -> Members:
    """The three members that name a scalable target in every answer."""
    return {"ServiceNamespace": "sagemaker", "ResourceId": resource_id, "ScalableDimension": DIMENSION}


def not_registered(request: Members) -> AwsError:
    """The answer where no scalable target is registered."""
    return _absent("scalable target registered", request, "")


def no_such(what: str, name: str, request: Members) -> AwsError:
    """The answer where a target has no policy or scheduled action of that name."""
    return _absent(f"{what} found", request, f", {what} name: {name}")


def _absent(what: str, request: Members, more: str) -> AwsError:
    return AwsError(
        "ObjectNotFoundException",
        f"No {what} for service namespace: {request['ServiceNamespace']}, resource ID: {request['ResourceId']}, "
        f"scalable dimension: {request['ScalableDimension']}{more}",
    )
