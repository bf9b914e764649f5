"""What containers print, sent to CloudWatch Logs with the permissions of the role they run as, as on AWS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.httpsession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.identity import Credentials
    from agent.cloud.platform import Platform

_BATCH_EVENTS = 10_000
_BATCH_BYTES = 1_048_576
_EVENT_OVERHEAD = 26
_EVENT_BYTES = 262_144 - _EVENT_OVERHEAD
_WAITING_EVENTS = 50_000
_BATCH_SECONDS = 0.2
_ATTEMPTS = 5
_LATER = frozenset({"ThrottlingException", "ServiceUnavailableException", "InternalFailure"})
_GONE = "ResourceNotFoundException"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """One line; ``timestamp`` is in milliseconds since the epoch, as ``PutLogEvents`` takes it."""

    timestamp: int
    message: str

    @property
    def size(self) -> int:
        """Bytes that it counts towards a batch: its UTF-8 form and 26 more (``PutLogEvents``)."""
        return len(self.message.encode()) + _EVENT_OVERHEAD


def take_batch(waiting: deque[LogEvent]) -> list[LogEvent]:
    """The first events that fit one ``PutLogEvents`` call, removed from ``waiting``."""
    batch: list[LogEvent] = []
    room = _BATCH_BYTES
    while waiting and len(batch) < _BATCH_EVENTS and (waiting[0].size <= room or not batch):
        room -= waiting[0].size
        batch.append(waiting.popleft())
    return batch


class LogStream:
    """One log stream of a job's or endpoint's container.

    A role without permissions for CloudWatch Logs loses its logs while the container goes on, as on AWS; the cloud's
    own log says so once. A container that prints faster than its lines can be sent loses the oldest of
    ``50,000`` waiting ones, and the stream says how many.
    """

    def __init__(self, platform: Platform, credentials: Credentials, region: str, group: str, stream: str) -> None:
        self._platform = platform
        self._logs = LogsApi(platform.endpoint, credentials, region)
        self._group = group
        self._stream = stream
        self._waiting: deque[LogEvent] = deque()
        self._dropped = 0
        self._exists = False
        self._refused = False
        self._closing = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    def write(self, line: str) -> None:
        """Send a line, without its line end; returns at once. Called on the event loop's thread."""
        if self._refused or not line:
            return
        if len(self._waiting) == _WAITING_EVENTS:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(LogEvent(timestamp=self._now(), message=_shortened(line)))
        if self._sender is None or self._sender.done():
            self._sender = self._platform.spawn(self._send_soon(), f"logs {self._group} {self._stream}")

    async def close(self) -> None:
        """Return when every line has been sent or refused; nothing may be written afterwards."""
        self._closing.set()
        if self._sender is not None:
            await asyncio.wait({self._sender})
        await self._send()
        self._logs.close()

    async def _send_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), _BATCH_SECONDS)
        await self._send()

    async def _send(self) -> None:
        """Send what waits; a busy service is tried again for a second, and then these lines are lost."""
        busy = 0
        while self._waiting and not self._refused:
            self._note_dropped()
            batch = take_batch(self._waiting)
            try:
                await asyncio.to_thread(self._put, batch)
                busy = 0
            except LogsBusyError as error:
                busy += 1
                if busy < _ATTEMPTS:
                    self._waiting.extendleft(reversed(batch))
                    await asyncio.sleep(_BATCH_SECONDS)
                else:
                    logger.warning("%d lines lost in %s %s: %s", len(batch), self._group, self._stream, error)
            except LogsRefusedError as error:
                self._refused = True
                self._waiting.clear()
                logger.warning("no logs in %s %s: %s", self._group, self._stream, error)

    def _note_dropped(self) -> None:
        if self._dropped:
            note = f"{self._dropped} lines were dropped here: they came faster than they could be sent."
            self._waiting.appendleft(LogEvent(timestamp=self._waiting[0].timestamp, message=note))
            self._dropped = 0

    def _put(self, batch: list[LogEvent]) -> None:
        if not self._exists:
            self._create()
            self._exists = True
        self._logs.call(
            "PutLogEvents",
            {
                "logGroupName": self._group,
                "logStreamName": self._stream,
                "logEvents": [{"timestamp": event.timestamp, "message": event.message} for event in batch],
            },
        )

    def _create(self) -> None:
        """The stream, and its group where that does not exist yet; a role needs ``CreateLogGroup`` only then."""
        stream = {"logGroupName": self._group, "logStreamName": self._stream}
        if self._logs.call("CreateLogStream", stream, accept=(_GONE, "ResourceAlreadyExistsException")) == _GONE:
            self._logs.call("CreateLogGroup", {"logGroupName": self._group}, accept=("ResourceAlreadyExistsException",))
            self._logs.call("CreateLogStream", stream, accept=("ResourceAlreadyExistsException",))

    def _now(self) -> int:
        return int(self._platform.clock.time() * 1000)


class LogsRefusedError(Exception):
    """CloudWatch Logs does not take these lines, and would not take further ones."""


class LogsBusyError(Exception):
    """CloudWatch Logs does not take these lines now, but may take them in a moment."""


class LogsApi:
    """The three operations of CloudWatch Logs that containers need, over one kept connection.

    A boto3 client would cost 100 ms and megabytes for each of hundreds of streams.
    """

    def __init__(self, endpoint: str, credentials: Credentials, region: str) -> None:
        self._endpoint = endpoint
        self._signer = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(
                credentials.access_key_id, credentials.secret_access_key, credentials.session_token
            ),
            "logs",
            region,
        )
        self._http = botocore.httpsession.URLLib3Session(timeout=30, max_pool_connections=1)

    def call(self, operation: str, members: Mapping[str, Any], accept: tuple[str, ...] = ()) -> str:
        """One call; the empty string, or the error code where it is one of ``accept``.

        Throttling and failures of the service raise LogsBusyError, every other error LogsRefusedError. Blocks.
        """
        code, message = self._try(operation, members)
        if not code or code in accept:
            return code
        raise (LogsBusyError if code in _LATER else LogsRefusedError)(f"{operation} answered {code}: {message}")

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _try(self, operation: str, members: Mapping[str, Any]) -> tuple[str, str]:
        request = botocore.awsrequest.AWSRequest(
            method="POST",
            url=f"{self._endpoint}/",
            data=json.dumps(members).encode(),
            headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"},
        )
        self._signer.add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except botocore.exceptions.HTTPClientError as error:
            return "ServiceUnavailableException", str(error)
        if answer.status_code < 300:
            return "", ""
        try:
            error_members = json.loads(answer.content)
        except ValueError:
            return "InternalFailure", f"status {answer.status_code}"
        return str(error_members.get("__type", "")).rpartition("#")[2], str(error_members.get("message", ""))


def _shortened(line: str) -> str:
    """A line as long as one event may be."""
    if len(line) * 4 <= _EVENT_BYTES:
        return line
    return line.encode()[:_EVENT_BYTES].decode(errors="ignore")
