"""Asynchronous inference: requests are queued, their inputs read from S3, their outputs written there.

Source: InvokeEndpointAsync in the SageMaker Runtime API reference; "Asynchronous inference" in the developer guide. The
queue is the cloud's own memory: what waits when the cloud goes down is lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from agent.aws.objects import parse_location
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.role_session import RoleSession
from agent.cloud.sagemaker.runtime_request import PREFIX, invalid
from agent.cloud.sagemaker.runtime_wire import Accepted
from agent.errors import ModelyardError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoint_records import Endpoint
    from agent.cloud.sagemaker.runtime_request import Invocation
    from agent.cloud.sagemaker.serving import ModelAnswer

_MOST_INLINE_BYTES = 128_000
_SECONDS = 900.0
_TIME_TO_LIVE = 21_600.0
_CONCURRENCY = 4
"""Requests that a container gets at once where the configuration does not say."""
logger = logging.getLogger(__name__)


class Model(Protocol):
    """Asks an endpoint's model."""

    async def __call__(self, endpoint: Endpoint, invocation: Invocation, seconds: float) -> ModelAnswer:
        """The model's good answer; raises AwsError for any other end."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request in the queue; ``input`` is None where the body came with the request."""

    inference_id: str
    input: str | None
    output: str
    failure: str | None
    invocation: Invocation
    seconds: float
    expires: float
    received: datetime


class AsyncInference:
    """The queues of all asynchronous endpoints."""

    def __init__(self, platform: Platform, model: Model) -> None:
        self._platform = platform
        self._model = model
        self._room: dict[tuple[str, int], asyncio.Semaphore] = {}

    def accept(self, endpoint: Endpoint, headers: Mapping[str, str], invocation: Invocation) -> Accepted:
        """Queue a request; raises ``ValidationError`` for one that makes no sense."""
        config = config_of(endpoint)
        if config is None:
            raise wrong_type(endpoint)
        job = _job(config, headers, invocation, self._platform.clock.now())
        self._platform.spawn(self._run(endpoint, config, job), f"asynchronous inference {endpoint.name}")
        return Accepted(inference_id=job.inference_id, output=job.output, failure=job.failure)

    async def _run(self, endpoint: Endpoint, config: Mapping[str, Any], job: Job) -> None:
        live = endpoint.live
        if live is None:
            return
        per_instance = (config.get("ClientConfig") or {}).get("MaxConcurrentInvocationsPerInstance", _CONCURRENCY)
        room = self._room.setdefault(
            (endpoint.arn, live.number), asyncio.Semaphore(per_instance * max(1, live.variants[0].count))
        )
        role = RoleSession(self._platform, live.variants[0].model.role_arn, endpoint.region)
        async with room:
            try:
                answer = await self._infer(endpoint, job, role)
            except (AwsError, ModelyardError) as error:
                reason = error.message if isinstance(error, AwsError) else str(error)
                await self._keep(role, job.failure, reason.encode())
                await self._notify(role, config, endpoint, job, {"failureReason": reason})
                return
        done = {"responseParameters": {"contentType": answer.content_type, "outputLocation": job.output}}
        await self._notify(role, config, endpoint, job, done)

    async def _infer(self, endpoint: Endpoint, job: Job, role: RoleSession) -> ModelAnswer:
        """Read, ask, write."""
        if self._platform.clock.time() > job.expires:
            raise invalid("The request expired in the queue (RequestTTLSeconds).")
        body = job.invocation.body if job.input is None else await asyncio.to_thread(_read, role, job.input)
        answer = await self._model(endpoint, replace(job.invocation, body=body), job.seconds)
        await asyncio.to_thread(_write, role, job.output, answer.body)
        return answer

    async def _keep(self, role: RoleSession, location: str | None, text: bytes) -> None:
        if location is None:
            return
        try:
            await asyncio.to_thread(_write, role, location, text)
        except ModelyardError as error:
            logger.warning("a failed inference could not be written: %s", error)

    async def _notify(
        self, role: RoleSession, config: Mapping[str, Any], endpoint: Endpoint, job: Job, outcome: Mapping[str, Any]
    ) -> None:
        """Tell the configured topic, as the execution role."""
        topics = config["OutputConfig"].get("NotificationConfig") or {}
        failed = "failureReason" in outcome
        topic = topics.get("ErrorTopic" if failed else "SuccessTopic")
        if topic is None:
            return
        message = notification(endpoint, job, outcome, self._platform.clock.now())
        try:
            await asyncio.to_thread(_publish, role, topic, message)
        except (BotoCoreError, ClientError) as error:
            logger.warning("%s was not told: %s", topic, error)


def config_of(endpoint: Endpoint) -> Mapping[str, Any] | None:
    """The endpoint's AsyncInferenceConfig, which makes it asynchronous."""
    return endpoint.live.config.get("AsyncInferenceConfig") if endpoint.live else None


def wrong_type(endpoint: Endpoint) -> AwsError:
    """The answer to an asynchronous invocation of a real-time endpoint, and the other way round."""
    return invalid(f"Endpoint {endpoint.name} does not support this inference type.")


def notification(endpoint: Endpoint, job: Job, outcome: Mapping[str, Any], now: datetime) -> str:
    """The message that SageMaker publishes ("Check prediction results" in the developer guide)."""
    return json.dumps(
        {
            "awsRegion": endpoint.region,
            "eventTime": _moment(now),
            "receivedTime": _moment(job.received),
            "invocationStatus": "Failed" if "failureReason" in outcome else "Completed",
            "requestParameters": {
                "contentType": job.invocation.content_type,
                "endpointName": endpoint.name,
                "inputLocation": job.input,
            },
            **outcome,
            "inferenceId": job.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
    )


def _job(config: Mapping[str, Any], headers: Mapping[str, str], invocation: Invocation, now: datetime) -> Job:
    source = headers.get(f"{PREFIX}inputlocation")
    if bool(source) == bool(invocation.body):
        raise invalid("Exactly one of InputLocation and Body must be given.")
    if len(invocation.body) > _MOST_INLINE_BYTES:
        raise invalid(f"Body can have at most {_MOST_INLINE_BYTES} bytes.")
    inference_id = invocation.inference_id or str(uuid.uuid4())
    outputs = config["OutputConfig"]
    if "S3OutputPath" not in outputs:
        raise invalid("The endpoint's configuration names no S3OutputPath.")
    extension = headers.get(f"{PREFIX}s3outputpathextension", "").strip("/")
    name = headers.get(f"{PREFIX}filename") or f"{inference_id}.out"
    failures = outputs.get("S3FailurePath")
    return Job(
        inference_id=inference_id,
        input=source,
        output="/".join(part for part in (outputs["S3OutputPath"].rstrip("/"), extension, name) if part),
        failure=f"{failures.rstrip('/')}/{inference_id}-error.out" if failures else None,
        invocation=replace(invocation, inference_id=inference_id),
        seconds=float(headers.get(f"{PREFIX}invocationtimeoutseconds", _SECONDS)),
        expires=now.timestamp() + float(headers.get(f"{PREFIX}requestttlseconds", _TIME_TO_LIVE)),
        received=now,
    )


def _read(role: RoleSession, location: str) -> bytes:
    place = parse_location(location)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        role.s3.get(place.bucket, place.key, path)
        return path.read_bytes()


def _write(role: RoleSession, location: str, body: bytes) -> None:
    place = parse_location(location)
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        role.s3.put(place.bucket, place.key, Path(file.name))


def _publish(role: RoleSession, topic: str, message: str) -> None:
    role.clients.client("sns").publish(TopicArn=topic, Message=message)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
