"""SageMaker Runtime's wire format: answers in headers and body, errors as ``restJson1`` has them, event streams."""

from __future__ import annotations

import json
import struct
from binascii import crc32
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cloud.wire import Response

if TYPE_CHECKING:
    from agent.cloud.errors import AwsError
    from agent.cloud.sagemaker.serving import ModelAnswer

_PART_BYTES = 65_536
_STRING = 7
"""The type of a header value in an event stream message."""

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A request that was queued, and where its outcome will be."""

    inference_id: str
    output: str
    failure: str | None


def answer(model: ModelAnswer, variant: str, request_id: str) -> Response:
    """The answer to InvokeEndpoint."""
    headers = [
        (b"content-type", model.content_type.encode("latin-1")),
        (b"x-amzn-invoked-production-variant", variant.encode()),
        *_common(model, request_id),
    ]
    return Response(status=200, headers=headers, body=model.body)


def stream(model: ModelAnswer, variant: str, request_id: str) -> Response:
    """The answer to InvokeEndpointWithResponseStream: the body in parts, all of which come at once here."""
    headers = [
        (b"content-type", b"application/vnd.amazon.eventstream"),
        (b"x-amzn-sagemaker-content-type", model.content_type.encode("latin-1")),
        (b"x-amzn-invoked-production-variant", variant.encode()),
        *_common(model, request_id),
    ]
    parts = [model.body[start : start + _PART_BYTES] for start in range(0, len(model.body), _PART_BYTES)]
    return Response(status=200, headers=headers, body=b"".join(_payload_part(part) for part in parts))


def accepted(queued: Accepted, request_id: str) -> Response:
    """The answer to InvokeEndpointAsync."""
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-requestid", request_id.encode()),
        (b"x-amzn-sagemaker-outputlocation", queued.output.encode()),
    ]
    if queued.failure is not None:
        headers.append((b"x-amzn-sagemaker-failurelocation", queued.failure.encode()))
    return Response(status=202, headers=headers, body=json.dumps({"InferenceId": queued.inference_id}).encode())


def refuse(error: AwsError, request_id: str) -> Response:
    """An error answer; ``ModelError`` carries its further members."""
    body = json.dumps({"Message": error.message, "message": error.message, **error.fields}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-errortype", error.code.encode()),
        (b"x-amzn-requestid", request_id.encode()),
    ]
    return Response(status=error.status, headers=headers, body=body)


def _common(model: ModelAnswer, request_id: str) -> Headers:
    headers: Headers = [(b"x-amzn-requestid", request_id.encode())]
    if model.custom_attributes is not None:
        headers.append((b"x-amzn-sagemaker-custom-attributes", model.custom_attributes.encode("latin-1")))
    return headers


def _payload_part(data: bytes) -> bytes:
    """One PayloadPart event ("Amazon event stream encoding" of the Smithy specification)."""
    headers = b"".join(
        _event_header(name, value)
        for name, value in (
            (":message-type", "event"),
            (":event-type", "PayloadPart"),
            (":content-type", "application/octet-stream"),
        )
    )
    prelude = struct.pack(">II", 16 + len(headers) + len(data), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + data
    return message + struct.pack(">I", crc32(message))


def _event_header(name: str, value: str) -> bytes:
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", _STRING, len(value)) + value.encode()
