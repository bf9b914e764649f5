"""Answers /ping, /invocations and /metrics over RSGI, granian's own interface.

A client sees predictions, or a status with a sentence and the request's id. Everything else, tracebacks above all,
goes to the log under the same id.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson

from byo import closing, logs, readiness
from byo.batching import Batching
from byo.board import Board, Place, Row, exposition
from byo.encoding import as_array
from byo.negotiation import Exchange, agree
from byo.predicting import Predicting, late_answer
from byo.refusals import Refused
from byo.rsgi import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from byo.program import Program
    from byo.readiness import Loaded
    from byo.rows import Table
    from byo.rsgi import Scope, Transport
    from byo.settings import Settings

_CRASHED = 70
_LARGE = 1 << 20
_ID_LENGTH = 64
_OURS = "the model failed; the log has the reason under this request's id"


class Call:
    """One request to /invocations, answered once."""

    __slots__ = ("_answered", "_names", "_scope", "_transport", "begun", "status")

    def __init__(self, scope: Scope, transport: Transport, names: Callable[[], str]) -> None:
        self._scope = scope
        self._transport = transport
        self._names = names
        self._answered = False
        self.begun = time.perf_counter()
        self.status = 0

    @property
    def name(self) -> str:
        """The id that the client gave, if it is harmless, or a new one."""
        given = header(self._scope, "x-request-id")
        return given if 0 < len(given) <= _ID_LENGTH and given.isascii() and given.isprintable() else self._names()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> bool:
        """Answer, unless that has been done; says whether this was the answer."""
        if self._answered:
            return False
        self._answered = True
        self.status = status
        self._transport.response_bytes(status, headers, body)
        return True


class Application:
    """The server's side of one worker process."""

    def __init__(self, settings: Settings, place: Place, preloaded: Loaded | None = None) -> None:
        self._settings = settings
        self._board = Board(place)
        self._counts: Row = self._board.claim()
        self._preloaded = preloaded
        self._loaded: Loaded | None = None
        self._ready = asyncio.Event()
        self._predict: Callable[[Any, int, Call], Any] | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._headers: dict[str, list[tuple[str, str]]] = {}
        prefix, numbers = secrets.token_hex(6), count(1)
        self._names = lambda: f"{prefix}-{next(numbers)}"

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to load the model, unless it is there; the port is open already."""
        self._counts.add("starts")
        self._counts["in_flight"] = 0
        closing.watch(loop, lambda: self._board.draining, self._settings.port)
        if self._preloaded is not None:
            self._on_loaded(self._preloaded)
        else:
            readiness.begin(self._settings, loop, self._on_loaded, self._on_failed)

    async def __rsgi__(self, scope: Scope, transport: Transport) -> None:
        """Answer one request."""
        match scope.path:
            case "/invocations":
                await self._invocation(scope, transport)
            case "/ping":
                self._only("GET", scope, transport, self._ping)
            case "/metrics":
                self._only("GET", scope, transport, self._metrics)
            case _:
                self._refuse(transport, Refused(HTTPStatus.NOT_FOUND, "there are /ping, /invocations and /metrics"))

    def _on_loaded(self, loaded: Loaded) -> None:
        settings = self._settings
        calls = Predicting(
            loaded.predict,
            timeout=settings.timeout,
            waiting=settings.queue,
            counts=self._counts,
            replace=lambda: os._exit(_CRASHED),
        )
        if settings.batch > 1:
            batches = Batching(calls, kind=loaded.program.kind, most=settings.batch, wait=settings.batch_wait)
            self._predict = lambda rows, height, _: batches(rows, height)
        else:
            self._predict = lambda rows, height, call: calls(rows, height, lambda: self._late(call))
        self._loaded = loaded
        self._counts["ready"] = 1.0
        self._ready.set()
        logs.say("info", "the model is loaded", pid=os.getpid())

    def _on_failed(self, error: BaseException) -> None:
        logs.say_exception("the model cannot be loaded", error)
        self._counts["failed"] = 1.0
        os.kill(self._board.place.pid, signal.SIGTERM)

    async def _invocation(self, scope: Scope, transport: Transport) -> None:
        call = Call(scope, transport, self._names)
        self._counts.add("in_flight")
        try:
            await self._answer(call, scope, transport)
        except Refused as refused:
            self._refuse(call, refused, call.name)
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises, a client never sees it
            name = call.name
            logs.say_exception("a request failed", error, request=name)
            self._refuse(call, Refused(HTTPStatus.INTERNAL_SERVER_ERROR, _OURS), name)
        finally:
            self._counts.add("in_flight", -1.0)
            seconds = time.perf_counter() - call.begun
            if call.status:
                self._counts.answered(call.status, seconds)
            if self._settings.log == "requests":
                logs.say("info", "request", request=call.name, status=call.status, seconds=round(seconds, 6))

    async def _answer(self, call: Call, scope: Scope, transport: Transport) -> None:
        if scope.method != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "use POST")
        loaded = self._loaded or await self._when_loaded()
        exchange = agree(header(scope, "content-type"), header(scope, "accept"))
        table = await self._decoded(exchange, await self._body(scope, transport), loaded.program)
        predictions = as_array(await self._predicted(loaded.rows(table), table.height, call), table.height)
        self._counts.add("rows", table.height)
        call.answer(HTTPStatus.OK, self._headers_of(exchange), exchange.writes.encode(predictions))

    async def _decoded(self, exchange: Exchange, body: bytes, program: Program) -> Table:
        """The rows of a body; a large one is read beside the event loop, which has /ping to answer."""
        if len(body) <= _LARGE:
            return exchange.reads.decode(body, program)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, exchange.reads.decode, body, program)

    async def _predicted(self, rows: Any, height: int, call: Call) -> Any:
        assert self._predict is not None  # set before the model is said to be loaded
        return await self._predict(rows, height, call)

    async def _when_loaded(self) -> Loaded:
        """Wait for the model where this worker replaces another; a server that was never ready refuses."""
        if not self._board.all_ready:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the model is still being loaded")
        try:
            await asyncio.wait_for(self._ready.wait(), self._settings.load_timeout)
        except TimeoutError:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the model is still being loaded") from None
        assert self._loaded is not None  # set before the event
        return self._loaded

    async def _body(self, scope: Scope, transport: Transport) -> bytes:
        """The request's body; raises 413 before it is all in memory."""
        most = self._settings.largest_body
        said = header(scope, "content-length")
        if said.isdecimal():
            if len(said) > 18 or int(said) > most:
                raise _too_large(most)
            return await transport()
        parts, size = [], 0
        async for part in transport:
            parts.append(part)
            size += len(part)
            if size > most:
                raise _too_large(most)
        return b"".join(parts)

    def _only(self, method: str, scope: Scope, transport: Transport, answer: Callable[[Transport], None]) -> None:
        if scope.method in (method, "HEAD"):
            answer(transport)
        else:
            self._refuse(transport, Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"use {method}"))

    def _ping(self, transport: Transport) -> None:
        if self._board.draining:
            self._refuse(transport, Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the server is about to end"))
        elif self._board.all_ready:
            transport.response_bytes(HTTPStatus.OK, self._with_close([("content-type", "text/plain")]), b"")
        else:
            self._refuse(transport, Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the model is still being loaded"))

    def _metrics(self, transport: Transport) -> None:
        body = exposition(self._board.rows()).encode()
        headers = [("content-type", "text/plain; version=0.0.4; charset=utf-8")]
        transport.response_bytes(HTTPStatus.OK, self._with_close(headers), body)

    def _late(self, call: Call) -> None:
        """Called from another thread while a call of `predict` holds up this worker."""
        self._counts.add("timeouts")
        self._refuse(call, late_answer(self._settings.timeout), call.name)

    def _refuse(self, to: Call | Transport, refused: Refused, name: str = "") -> None:
        body = {"error": refused.message, **({"request": name} if name else {})}
        headers = [("content-type", "application/json"), *([("x-request-id", name)] if name else [])]
        if refused.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("allow", refused.message.removeprefix("use ")))
        content = orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)
        if isinstance(to, Call):
            to.answer(refused.status, self._with_close(headers), content)
        else:
            to.response_bytes(refused.status, self._with_close(headers), content)

    def _headers_of(self, exchange: Exchange) -> list[tuple[str, str]]:
        name = exchange.writes.name
        headers = self._headers.get(name)
        if headers is None:
            headers = self._headers[name] = [("content-type", name)]
        return self._with_close(headers)

    def _with_close(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """While the server drains, every answer is its connection's last one."""
        return [*headers, ("connection", "close")] if self._board.draining else headers


def _too_large(most: int) -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most} bytes")
