"""How a transform job asks its model: the request's settings, completed by the container's own and AWS's defaults."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.cloud.sagemaker.transform_records import Filters, filters
from agent.runtime.contract.serving import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.sagemaker.serving import ModelAnswer

_DEFAULT_TIMEOUT_SECONDS = 600
_DEFAULT_RETRIES = 3
_DEFAULT_PAYLOAD_MB = 6


@dataclass(frozen=True, kw_only=True)
class TransformPlan:
    """``payload_bytes`` is None for payloads of any size; ``headers`` go with every request to the model."""

    payload_bytes: int | None
    concurrent: int
    single: bool
    by_line: bool
    assemble_by_line: bool
    compressed: bool
    timeout_seconds: float
    retries: int
    headers: Mapping[str, str]
    filters: Filters


def batch_of(request: Mapping[str, Any]) -> Batch:
    """What the container is told before it can say anything itself."""
    return Batch(
        max_payload_mb=request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB),
        max_concurrent=request.get("MaxConcurrentTransforms", 0),
        strategy=_VARIABLES[request.get("BatchStrategy", "MultiRecord")],
    )


_VARIABLES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


def plan_of(request: Mapping[str, Any], offered: Mapping[str, Any]) -> TransformPlan:
    """The plan of a request; ``offered`` is what the container answered to ``/execution-parameters``."""
    given, output = request["TransformInput"], request["TransformOutput"]
    client = request.get("ModelClientConfig") or {}
    settings = {**offered, **{name: value for name, value in request.items() if value}}
    megabytes = request.get("MaxPayloadInMB", settings.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB))
    strategy = str(settings.get("BatchStrategy", "MultiRecord")).replace("_", "").lower()
    headers = {"Content-Type": given.get("ContentType"), "Accept": output.get("Accept")}
    return TransformPlan(
        payload_bytes=int(megabytes) * 1024 * 1024 or None,
        concurrent=max(1, int(settings.get("MaxConcurrentTransforms") or 1)),
        single=strategy == "singlerecord",
        by_line=given.get("SplitType") == "Line",
        assemble_by_line=output.get("AssembleWith") == "Line",
        compressed=given.get("CompressionType") == "Gzip",
        timeout_seconds=client.get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT_SECONDS),
        retries=client.get("InvocationsMaxRetries", _DEFAULT_RETRIES),
        headers={name: value for name, value in headers.items() if value},
        filters=filters(request.get("DataProcessing"), given.get("ContentType")),
    )


def execution_parameters(answer: ModelAnswer) -> Mapping[str, Any]:
    """What a container says at ``/execution-parameters``; nothing where it does not serve them as it should."""
    try:
        parsed = json.loads(answer.body) if answer.status == 200 else {}
    except ValueError:
        return {}
    if not isinstance(parsed, dict):
        return {}
    return {name: parsed[name] for name, kind in _OFFERED.items() if isinstance(parsed.get(name), kind)}


_OFFERED = {"MaxConcurrentTransforms": int, "MaxPayloadInMB": int, "BatchStrategy": str}
