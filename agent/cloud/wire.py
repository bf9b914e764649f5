"""AWS's JSON protocol: requests in, answers out, errors as SDKs expect them (``awsJson1_1``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = b"application/x-amz-json-1.1"
LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of a JSON request; more than any request of SageMaker needs that keeps to the limits of its members."""
_CONTENT_TYPES = ("application/x-amz-json-1.", "application/json")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request with its body read; header names are lower-case."""

    method: str
    path: str
    raw_path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes
    client: str
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def _encode(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def without_nulls(value: Any) -> Any:
    """``value`` without absent members, as AWS answers: a member that is not set is not sent."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [without_nulls(item) for item in value]
    return value


def operation(request: Request, prefix: str) -> str:
    """The operation of a JSON request to the service whose targets begin with ``prefix``.

    Raises what AWS answers to what is no request of this protocol or this service, or too large for it.
    """
    content_type = request.headers.get("content-type", "")
    service, _, name = request.headers.get("x-amz-target", "").rpartition(".")
    if request.method != "POST" or not content_type.startswith(_CONTENT_TYPES) or service != prefix:
        what = f"{request.method} of {service}.{name} with content type {content_type!r}"
        raise AwsError("UnknownOperationException", f"{what} is no operation of {prefix}.")
    if len(request.body) > LARGEST_REQUEST:
        raise AwsError("RequestEntityTooLargeException", f"A request has at most {LARGEST_REQUEST} bytes.", 413)
    return name


def decode(body: bytes) -> dict[str, Any]:
    """The members of a JSON request; raises ``SerializationException`` for anything but an object."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise AwsError("SerializationException", "The request body is not a JSON object.")
    return value


def answer(members: Mapping[str, Any], request_id: str) -> Response:
    """A successful answer; an empty one has an empty body, as operations without output have."""
    body = json.dumps(without_nulls(dict(members)), default=_encode).encode() if members else b""
    return Response(status=200, headers=_headers(request_id), body=body)


def refuse(error: AwsError, request_id: str) -> Response:
    """An error answer."""
    body = json.dumps({"__type": error.code, "message": error.message, **error.fields}).encode()
    return Response(status=error.status, headers=_headers(request_id), body=body)


def _headers(request_id: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", JSON), (b"x-amzn-requestid", request_id.encode())]
