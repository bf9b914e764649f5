"""What a request to SageMaker Runtime asks of a model, read from its headers and body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.serving_container import CUSTOM_ATTRIBUTES

if TYPE_CHECKING:
    from agent.cloud.wire import Request

PREFIX = "x-amzn-sagemaker-"
"""What the API's own headers begin with, in lower case."""
_MOST_ATTRIBUTES = 1024
_VISIBLE = re.compile(r"[\x20-\x7e]*")
_NOT_SERVED = ("inference-component", "session-id", "enable-explanations")


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What a request asks of a model, apart from how it came; ``content_type`` and ``accept`` may be empty."""

    body: bytes
    content_type: str
    accept: str
    custom_attributes: str | None
    inference_id: str | None
    target_variant: str | None
    target_container: str | None

    def headers(self) -> dict[str, str]:
        """What the container sees; SageMaker strips all others."""
        sent = {"Content-Type": self.content_type or "application/octet-stream"}
        if self.accept:
            sent["Accept"] = self.accept
        if self.custom_attributes is not None:
            sent[CUSTOM_ATTRIBUTES] = self.custom_attributes
        if self.inference_id is not None:
            sent["X-Amzn-SageMaker-Inference-Id"] = self.inference_id
        return sent


def read(request: Request, operation: str) -> Invocation:
    """What a request asks; raises ``ValidationError`` for headers that the API does not take.

    ``operation`` is the last part of the path; the headers for types differ by it.
    """
    headers = request.headers
    for member in _NOT_SERVED:
        if f"{PREFIX}{member}" in headers:
            raise invalid(f"X-Amzn-SageMaker-{member.title()} is not served by this embedded cloud.")
    attributes = headers.get(f"{PREFIX}custom-attributes")
    if attributes is not None and (len(attributes) > _MOST_ATTRIBUTES or not _VISIBLE.fullmatch(attributes)):
        raise invalid(f"CustomAttributes must be at most {_MOST_ATTRIBUTES} visible US-ASCII characters.")
    own_type = f"{PREFIX}content-type" if operation == "async-invocations" else "content-type"
    own_accept = "accept" if operation == "invocations" else f"{PREFIX}accept"
    return Invocation(
        body=request.body,
        content_type=headers.get(own_type, ""),
        accept=headers.get(own_accept, ""),
        custom_attributes=attributes,
        inference_id=headers.get(f"{PREFIX}inference-id"),
        target_variant=headers.get(f"{PREFIX}target-variant"),
        target_container=headers.get(f"{PREFIX}target-container-hostname"),
    )


def invalid(message: str) -> AwsError:
    """SageMaker Runtime's answer to a request that makes no sense, also to one for an absent endpoint."""
    return AwsError("ValidationError", message)
