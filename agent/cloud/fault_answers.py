"""How each family of services words a fault: the same throttling is called three different names on AWS."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from agent.cloud import wire
from agent.cloud.errors import AwsError
from agent.cloud.faults import Fault, FaultKind
from agent.cloud.wire import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

Answer = tuple[str, str, int]

_JSON: Mapping[FaultKind, Answer] = {
    FaultKind.THROTTLING: ("ThrottlingException", "Rate exceeded", 400),
    FaultKind.LIMIT: ("ResourceLimitExceeded", "The account-level service limit has been reached.", 400),
    FaultKind.INTERNAL: (
        "InternalFailure",
        "The request processing has failed because of an internal error.",
        500,
    ),
    FaultKind.EXPIRED_TOKEN: (
        "ExpiredTokenException",
        "The security token included in the request is expired",
        400,
    ),
}
_QUERY: Mapping[FaultKind, Answer] = {
    FaultKind.THROTTLING: ("Throttling", "Rate exceeded", 400),
    FaultKind.LIMIT: ("LimitExceeded", "The account-level service limit has been reached.", 409),
    FaultKind.INTERNAL: (
        "InternalFailure",
        "The request processing has failed because of an internal error.",
        500,
    ),
    FaultKind.EXPIRED_TOKEN: ("ExpiredToken", "The security token included in the request is expired", 403),
}
_S3: Mapping[FaultKind, Answer] = {
    FaultKind.THROTTLING: ("SlowDown", "Please reduce your request rate.", 503),
    FaultKind.LIMIT: ("TooManyBuckets", "You have attempted to create more buckets than allowed.", 400),
    FaultKind.INTERNAL: ("InternalError", "We encountered an internal error. Please try again.", 500),
    FaultKind.EXPIRED_TOKEN: ("ExpiredToken", "The provided token has expired.", 400),
}
_REGISTRY: Mapping[FaultKind, Answer] = {
    FaultKind.THROTTLING: ("TOOMANYREQUESTS", "Rate exceeded", 429),
    FaultKind.LIMIT: ("LIMIT_EXCEEDED", "The account-level service limit has been reached.", 400),
    FaultKind.INTERNAL: ("UNKNOWN", "An internal error occurred.", 500),
    FaultKind.EXPIRED_TOKEN: (
        "DENIED",
        "Your authorization token has expired. Reauthenticate and try again.",
        403,
    ),
}
REGISTRY_SERVICE = "ecr-registry"
"""What docker speaks (`/v2/`): no service of SigV4, with errors of its own form."""
_QUERY_SERVICES = frozenset({"sts", "iam", "cloudformation", "sns", "monitoring"})


def answer(fault: Fault, service: str, headers: Mapping[str, str], request_id: str) -> Response:
    """The error of a request fault in the protocol that a request to ``service`` (its SigV4 name) speaks."""
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        code, message, status = _JSON[fault.kind]
        return _cbor(status, {"__type": code, "message": message}, request_id)
    if service == "s3":
        code, message, status = _S3[fault.kind]
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        return _xml(status, body)
    if service == REGISTRY_SERVICE:
        code, message, status = _REGISTRY[fault.kind]
        body = json.dumps({"errors": [{"code": code, "message": message}]})
        return Response(status=status, headers=[(b"content-type", b"application/json")], body=body.encode())
    if service in _QUERY_SERVICES and "x-amz-target" not in headers:
        code, message, status = _QUERY[fault.kind]
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return _xml(status, f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>")
    code, message, status = _JSON[fault.kind]
    refusal = wire.refuse(AwsError(code, message, status), request_id)
    if "x-amzn-query-mode" not in headers:
        return refusal
    # A service that once spoke the query protocol tells clients of both the older code, too.
    older = f"{_QUERY[fault.kind][0]};Sender".encode()
    return dataclasses.replace(refusal, headers=[*refusal.headers, (b"x-amzn-query-error", older)])


def not_served(service: str, headers: Mapping[str, str], request_id: str) -> Response:
    """The refusal of a service that this cloud does not have, in the form that the request's protocol reads."""
    code, message = "UnknownOperationException", f"The service {service} is not served by this cloud."
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return _xml(400, f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>")
    refusal = wire.refuse(AwsError(code, message), request_id)
    return Response(status=400, headers=[*refusal.headers, (b"x-amzn-errortype", code.encode())], body=refusal.body)


def _cbor(status: int, members: Mapping[str, str], request_id: str) -> Response:
    """A map of texts in CBOR (RFC 8949), as CloudWatch's clients read errors."""
    texts = [text.encode() for pair in members.items() for text in pair]
    body = bytes([0xA0 + len(members)]) + b"".join(b"\x79" + len(text).to_bytes(2) + text for text in texts)
    headers = [
        (b"content-type", b"application/cbor"),
        (b"smithy-protocol", b"rpc-v2-cbor"),
        (b"x-amzn-requestid", request_id.encode()),
    ]
    return Response(status=status, headers=headers, body=body)


def _xml(status: int, body: str) -> Response:
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()
    return Response(status=status, headers=[(b"content-type", b"application/xml")], body=document)
