"""Requests as granian hands them over, without a network: what a test says of one, and what was answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from byo.application import Application
from byo.board import created
from byo.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Request:
    """A :class:`byo.rsgi.Scope`."""

    method: str = "POST"
    path: str = "/invocations"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(kw_only=True)
class Exchange:
    """A :class:`byo.rsgi.Transport` that keeps the answers; ``parts``: the body comes in so many."""

    sent: bytes
    parts: int = 1
    read: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self) -> bytes:
        self.read += len(self.sent)
        return self.sent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = max(1, -(-len(self.sent) // self.parts))
        for start in range(0, len(self.sent), size):
            part = self.sent[start : start + size]
            self.read += len(part)
            yield part

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append((int(status), dict(headers), body))


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """The sentence of a refusal."""
        return str(json.loads(self.body)["error"])


async def answer(application: Application, request: Request, parts: int = 1) -> Answer:
    """What the application answers, once."""
    exchange = Exchange(sent=request.body, parts=parts)
    await application.__rsgi__(request, exchange)
    ((status, headers, body),) = exchange.answers
    return Answer(status=status, headers=headers, body=body)


async def started(folder: Path, source: str, **variables: str) -> Application:
    """An application of a module of this source, when it has loaded its model."""
    name = f"model_{abs(hash((str(folder), source)))}"
    (folder / f"{name}.py").write_text(source)
    settings = Settings.of(
        {"BYO_FOLDER": str(folder), "BYO_MODULE": name, "SAGEMAKER_BASE_DIR": str(folder), **variables}
    )
    application = Application(settings, created(1).place)
    application.__rsgi_init__(asyncio.get_running_loop())
    while (await answer(application, Request(method="GET", path="/ping"))).status != 200:  # noqa: ASYNC110 - as a router
        await asyncio.sleep(0.005)
    return application
