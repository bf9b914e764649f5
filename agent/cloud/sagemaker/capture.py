"""Data capture: what goes into an endpoint and comes out of it, as JSON Lines in S3.

Source: "Data capture" in the SageMaker developer guide, and the API reference's DataCaptureConfig. The layout is
``<destination>/<endpoint>/<variant>/YYYY/MM/DD/HH/<minute>-<second>-<ms>-<uuid>.jsonl``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.aws.objects import parse_location
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.role_session import RoleSession
from agent.errors import ModelyardError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agent.cloud.platform import Platform

_FLUSH_SECONDS = 1.0
"""Real seconds for which captured data wait for more, so that a busy endpoint writes few objects."""
_SIDES = {"Input": ("endpointInput", "INPUT"), "Output": ("endpointOutput", "OUTPUT")}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One invocation and its answer, as they are captured."""

    inference_id: str | None
    custom_attributes: str | None
    time: datetime
    input: bytes
    input_type: str
    output: bytes
    output_type: str


@dataclass(frozen=True, kw_only=True)
class CaptureSource:
    """Whose data are captured, and whose permissions write them."""

    account: str
    region: str
    endpoint: str
    variant: str
    role_arn: str
    destination: str
    kms_key_id: str | None


def record(exchange: Exchange, config: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    """One line of a capture file, with the sides that ``config`` (a DataCaptureConfig) asks for."""
    bodies = {"Input": (exchange.input, exchange.input_type), "Output": (exchange.output, exchange.output_type)}
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    headers = config.get("CaptureContentTypeHeader") or {}
    captured = {
        _SIDES[side][0]: _side(*bodies[side], _SIDES[side][1], headers)
        for side in _SIDES
        if side in modes or "InputAndOutput" in modes
    }
    metadata: dict[str, Any] = {"eventId": event_id}
    if exchange.custom_attributes is not None:
        metadata["customAttributes"] = [exchange.custom_attributes]
    if exchange.inference_id is not None:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = f"{exchange.time:%Y-%m-%dT%H:%M:%SZ}"
    return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}


def _side(body: bytes, content_type: str, mode: str, headers: Mapping[str, Any]) -> dict[str, str]:
    encoding = encoding_of(content_type, headers)
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", "replace")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def encoding_of(content_type: str, headers: Mapping[str, Any]) -> str:
    """CSV or JSON for the content types that CaptureContentTypeHeader lists, whatever their parameters; else BASE64."""
    plain = content_type.partition(";")[0].strip().lower()
    for encoding, member in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes")):
        if plain in {listed.lower() for listed in headers.get(member) or ()}:
            return encoding
    return "BASE64"


def key_of(source: CaptureSource, prefix: str, moment: datetime, unique: str) -> str:
    """The key of a capture file that is begun at ``moment`` (UTC)."""
    folder = "/".join(part for part in (prefix.strip("/"), source.endpoint, source.variant) if part)
    milliseconds = moment.microsecond // 1000
    return f"{folder}/{moment:%Y/%m/%d/%H}/{moment:%M-%S}-{milliseconds:03d}-{unique}.jsonl"


class Sampler:
    """Lets through exactly so many percent, evenly spread."""

    def __init__(self) -> None:
        self._credit = 0

    def take(self, percentage: int) -> bool:
        """Whether the next one is among them."""
        self._credit += percentage
        if self._credit < 100:
            return False
        self._credit -= 100
        return True


class Capture:
    """Collects what endpoints capture and writes it soon, and before the cloud goes down.

    A role without permission loses its data while invocations go on, as on AWS; the cloud's own log says so.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._samplers: dict[CaptureSource, Sampler] = {}
        self._waiting: dict[CaptureSource, list[dict[str, Any]]] = {}
        self._sessions: dict[tuple[str, str], RoleSession] = {}

    def add(self, source: CaptureSource, config: Mapping[str, Any], exchange: Exchange) -> None:
        """Capture an invocation if it is sampled."""
        if not self._samplers.setdefault(source, Sampler()).take(config["InitialSamplingPercentage"]):
            return
        line = record(exchange, config, str(uuid.uuid4()))
        if source in self._waiting:
            self._waiting[source].append(line)
            return
        self._waiting[source] = [line]
        self._platform.spawn(self._write_soon(source), f"capture {source.endpoint} {source.variant}")

    async def _write_soon(self, source: CaptureSource) -> None:
        moment = self._platform.clock.now()
        try:
            await asyncio.sleep(_FLUSH_SECONDS)
        finally:
            lines = self._waiting.pop(source)
            try:
                await asyncio.to_thread(self._write, source, moment, lines)
            except (AwsError, ModelyardError) as error:
                logger.warning("%s %s: captured data are lost: %s", source.endpoint, source.variant, error)

    def _write(self, source: CaptureSource, moment: datetime, lines: list[dict[str, Any]]) -> None:
        """Write a file with the session that is at hand, or with a fresh one should that be refused."""
        who = source.role_arn, source.region
        session = self._sessions.get(who)
        if session is not None:
            try:
                _put(session, source, moment, lines)
            except ModelyardError:
                del self._sessions[who]
            else:
                return
        session = RoleSession(self._platform, *who)
        _put(session, source, moment, lines)
        self._sessions[who] = session


def _put(session: RoleSession, source: CaptureSource, moment: datetime, lines: list[dict[str, Any]]) -> None:
    place = parse_location(source.destination)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as file:
        file.writelines(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
        file.flush()
        key = key_of(source, place.key, moment, str(uuid.uuid4()))
        session.s3.put(place.bucket, key, Path(file.name), kms_key_id=source.kms_key_id)
