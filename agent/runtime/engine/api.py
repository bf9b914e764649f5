"""The engine's HTTP API as the cloud uses it: from its event loop, which no call of an engine may hold up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

from agent.runtime.engine.calls import EngineError, decoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from agent.runtime.engine.address import EngineAddress

_CHUNK = 1 << 16


class EngineApi:
    """One engine. Paths without a version mean the newest API that the engine itself speaks."""

    def __init__(self, address: EngineAddress) -> None:
        self.address = address
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Any:
        """The engine's whole answer, decoded; :class:`EngineError` when it refuses or does not answer."""
        try:
            async with self._client().request(method, path, json=document, params=query, headers=headers) as answer:
                return decoded(answer.status, await answer.read(), f"{method} {path}")
        except aiohttp.ClientError as error:
            raise self._silent(error) from error

    async def lines(self, method: str, path: str, headers: Mapping[str, str], **query: str) -> AsyncIterator[bytes]:
        """The lines of an answer that reports progress."""
        try:
            async with self._client().request(method, path, params=query, headers=headers) as answer:
                if answer.status >= 400:
                    decoded(answer.status, await answer.read(), f"{method} {path}")
                async for line in answer.content:
                    yield line
        except aiohttp.ClientError as error:
            raise self._silent(error) from error

    async def attach(self, container: str) -> Output:
        """What a container writes from now on; attached before its start, nothing of it is lost."""
        query = {"stream": "1", "stdout": "1", "stderr": "1"}
        path = f"/containers/{container}/attach"
        try:
            answer = await self._client().post(path, params=query)
        except aiohttp.ClientError as error:
            raise self._silent(error) from error
        if answer.status >= 400:
            decoded(answer.status, await answer.read(), f"POST {path}")
        return Output(answer)

    async def close(self) -> None:
        """Let go of every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            where = self.address
            connector = aiohttp.UnixConnector(where.socket, limit=0) if where.socket else aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(
                base_url="http://engine" if where.socket else f"http://127.0.0.1:{where.port}",
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                read_bufsize=1 << 20,
            )
        return self._session

    def _silent(self, error: aiohttp.ClientError) -> EngineError:
        return EngineError(f"the container engine at {self.address} does not answer: {error}")


class Output:
    """A container's raw output, as an engine multiplexes it."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def chunks(self) -> AsyncIterator[bytes]:
        """Pieces of it until its end; an engine that goes away is such an end."""
        try:
            while chunk := await self._answer.content.read(_CHUNK):
                yield chunk
        except aiohttp.ClientError:
            return

    def close(self) -> None:
        """Stop listening."""
        self._answer.close()
