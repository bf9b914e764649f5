"""The cloud's only door: an ASGI application that sends each request to the service it is signed for."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from agent.cloud import fault_answers, wire
from agent.cloud.errors import AwsError
from agent.cloud.faults import REQUEST_FAULTS, Fault, FaultKind
from agent.cloud.holds import Held, Moment
from agent.cloud.identity import Call
from agent.cloud.wire import Request, Response

if TYPE_CHECKING:
    from agent.cloud.calls import CallLog
    from agent.cloud.emulator import Emulator
    from agent.cloud.holds import Holds
    from agent.cloud.platform import Platform
    from agent.cloud.service import HttpService, JsonService

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL = "/_modelyard/"
REGISTRY = "/v2/"
_PRIVATE = "/_"
_REFUSED = 300
"""Statuses from here on say that nothing was done."""
_CREDENTIAL = re.compile(r"Credential=([^/&]+)/\d+/([^/]+)/([^/]+)/aws4_request")
TARGETS: Mapping[str, str] = {"sagemaker": "SageMaker", "application-autoscaling": "AnyScaleFrontendService"}
"""What precedes the operation in ``X-Amz-Target``, by SigV4 service name."""
_INVOCATION = re.compile(r"/endpoints/[^/]+/(invocations|async-invocations|invocations-response-stream)")
_INVOKED: Mapping[str, str] = {
    "invocations": "sagemaker:InvokeEndpoint",
    "async-invocations": "sagemaker:InvokeEndpointAsync",
    "invocations-response-stream": "sagemaker:InvokeEndpointWithResponseStream",
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Where requests go: by SigV4 service name, by path, or to the emulator."""

    json_services: Mapping[str, JsonService]
    runtime: HttpService
    control: HttpService
    registry: App


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a request claims about itself before anything is verified."""

    access_key_id: str
    service: str
    action: str


class Gateway:
    """The ASGI application."""

    def __init__(self, platform: Platform, emulator: Emulator, routes: Routes, *, calls: CallLog, holds: Holds) -> None:
        self._platform = platform
        self._emulator = emulator
        self._routes = routes
        self._calls = calls
        self._holds = holds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, or the server's lifespan (which is the emulator's)."""
        if scope["type"] != "http":
            await self._emulator.serve(scope, receive, send)
            return
        if scope["path"].startswith(CONTROL):
            await _reply(await self._routes.control.respond(await _read(scope, receive)), send)
            return
        if scope["path"].startswith(_PRIVATE):
            # The emulator's own interface can reset and reconfigure it, and asks nobody who they are.
            await _reply(wire.refuse(AwsError("NotFound", "There is nothing at this address.", 404), ""), send)
            return
        claim, receive = await self._claim(scope, receive)
        caller = self._emulator.identity.name_of(claim.access_key_id)
        recorder = _Recorder(send, kept=self._holds.wants(Moment.AFTER, claim.action, caller))
        try:
            await self._serve_or_lose(scope, receive, recorder, claim, caller)
        finally:
            self._calls.record(
                time=self._platform.clock.time(),
                action=claim.action,
                account=self._emulator.identity.account_of(claim.access_key_id),
                access_key_id=claim.access_key_id,
                caller=caller,
                path=scope["path"],
                status=recorder.status,
            )

    async def _serve_or_lose(
        self, scope: Scope, receive: Receive, recorder: _Recorder, claim: Signed, caller: str
    ) -> None:
        """Serve a request as long as nobody who holds it wants it lost, with what it asked for done or not."""
        creates = _headers(scope).get("if-none-match") == "*"
        held = Held(action=claim.action, caller=caller, path=scope["path"], creates=creates)
        if self._holds.wants(Moment.BEFORE, claim.action, caller) and not await self._holds.hold(held):
            await _cut(scope, receive, recorder.send)
            return
        await self._serve(scope, receive, recorder, claim)
        if recorder.kept and recorder.status < _REFUSED and not await self._holds.hold(held):
            recorder.lose()
            await _cut(scope, receive, recorder.send)
        await recorder.tell()

    async def _serve(self, scope: Scope, receive: Receive, send: _Recorder, claim: Signed) -> None:
        account = self._emulator.identity.account_of(claim.access_key_id)
        fault = self._platform.faults.take(REQUEST_FAULTS, claim.action, account)
        if fault is not None and not await self._strike(fault, scope, receive, send, claim):
            return
        if claim.service == fault_answers.REGISTRY_SERVICE:
            await self._routes.registry(scope, receive, send)
        elif claim.service in self._routes.json_services:
            await _reply(await self._ours(await _read(scope, receive), claim), send)
        elif claim.service and not self._emulator.serves(claim.service, claim.action):
            await _read(scope, receive)
            await _reply(fault_answers.not_served(claim.service, _headers(scope), str(uuid.uuid4())), send)
        else:
            service = claim.service or claim.action.partition(":")[0]
            await self._emulator.serve(scope, receive, send, (service, claim.action))

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, send: _Recorder, claim: Signed) -> bool:
        """Let a fault happen; whether the request goes on afterwards."""
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            return True
        if fault.kind is FaultKind.CUT:
            await _cut(scope, receive, send.send)
        else:
            await _read(scope, receive)
            await _reply(fault_answers.answer(fault, claim.service, _headers(scope), str(uuid.uuid4())), send)
        return False

    async def _ours(self, request: Request, claim: Signed) -> Response:
        if claim.service == "sagemaker" and request.path.startswith("/endpoints/"):
            return await self._routes.runtime.respond(request)
        try:
            caller = self._emulator.identity.authenticate(request, claim.service)
            operation = wire.operation(request, TARGETS[claim.service])
            call = Call(
                caller=caller,
                service=claim.service,
                operation=operation,
                request_id=request.request_id,
                identity=self._emulator.identity,
            )
            service = self._routes.json_services[claim.service]
            return wire.answer(await service.handle(call, wire.decode(request.body)), request.request_id)
        except AwsError as error:
            return wire.refuse(error, request.request_id)
        except Exception:
            logger.exception("%s failed", claim.action)
            failure = AwsError("InternalFailure", "The embedded cloud failed; its log has the traceback.", 500)
            return wire.refuse(failure, request.request_id)

    async def _claim(self, scope: Scope, receive: Receive) -> tuple[Signed, Receive]:
        """What the request claims to be; a query-protocol body is read for its action and replayed."""
        headers = _headers(scope)
        found = _CREDENTIAL.search(headers.get("authorization", "")) or _CREDENTIAL.search(
            unquote(scope["query_string"].decode("latin-1"))
        )
        key, _, service = found.groups() if found else ("", "", "")
        if not service and f"{scope['path']}/".startswith(REGISTRY):
            return Signed(
                access_key_id="", service=fault_answers.REGISTRY_SERVICE, action=f"ecr:{scope['method']}"
            ), receive
        target = headers.get("x-amz-target", "")
        if not service:
            service = next((name for name, prefix in TARGETS.items() if target.startswith(f"{prefix}.")), "")
        if service and target:
            return Signed(access_key_id=key, service=service, action=f"{service}:{target.rpartition('.')[2]}"), receive
        invocation = _INVOCATION.fullmatch(scope["path"])
        if service == "sagemaker" and invocation:
            return Signed(access_key_id=key, service=service, action=_INVOKED[invocation[1]]), receive
        body = b""
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            body = await _body(receive)
            receive = _replay(body, receive)
        action = self._emulator.action(service, scope["method"], scope["path"], headers, body, _query(scope))
        return Signed(access_key_id=key, service=service, action=action), receive


class _Recorder:
    """Passes messages on and remembers the status of the answer; one that is ``kept`` is told only afterwards."""

    def __init__(self, send: Send, *, kept: bool) -> None:
        self.send = send
        self._messages: list[Message] = []
        self.kept = kept
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        if self.kept:
            self._messages.append(message)
        else:
            await self.send(message)

    def lose(self) -> None:
        """Forget the answer."""
        self._messages = []
        self.kept = False

    async def tell(self) -> None:
        """Pass on what was kept."""
        for message in self._messages:
            await self.send(message)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


async def _read(scope: Scope, receive: Receive) -> Request:
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        path=scope["path"],
        raw_path=raw_path.decode("latin-1"),
        query=_query(scope),
        headers=_headers(scope),
        raw_headers=list(scope["headers"]),
        body=await _body(receive),
        client=(scope.get("client") or ("127.0.0.1",))[0],
        request_id=str(uuid.uuid4()),
    )


async def _cut(scope: Scope, receive: Receive, send: Send) -> None:
    """End the connection instead of answering: a body that was announced and never comes makes the server do that.

    An answer to HEAD has no body, and must not pass for a good one.
    """
    await _read(scope, receive)
    status = 500 if scope["method"] == "HEAD" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"1")]})


async def _reply(response: Response, send: Send) -> None:
    # Real time, as signatures are checked: clients with a wrong clock mend theirs by it.
    date = (b"date", formatdate(usegmt=True).encode())
    headers = [*response.headers, date, (b"content-length", str(len(response.body)).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
