"""The way from containers to the cloud: it listens on this machine's loopback, which is not theirs.

A relay listens at a network's own gateway address, a bridge of this machine, while containers are in that network, and
takes connections from no address outside it.
"""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING

from agent.runtime.engine.calls import EngineError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_CHUNK = 1 << 16


class Relay:
    """Passes TCP connections of one network's containers on to a port of the loopback interface."""

    def __init__(self, gateway: str, network: IPv4Network, port: int) -> None:
        self._gateway = gateway
        self._network = network
        self._port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What stands for ``http://127.0.0.1:port`` in a container."""
        assert self._server is not None
        return f"http://{self._gateway}:{self._server.sockets[0].getsockname()[1]}"

    async def open(self) -> None:
        """Listen, on any free port."""
        try:
            self._server = await asyncio.start_server(self._take, self._gateway, 0)
        except OSError as error:
            reason = "it is no address of this machine" if error.errno == errno.EADDRNOTAVAIL else error.strerror
            raise EngineError(f"containers cannot reach the cloud at {self._gateway}: {reason}") from error

    async def close(self) -> None:
        """Drop every connection and stop listening."""
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None

    async def _take(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if ip_address(writer.get_extra_info("peername")[0]) in self._network:
                await self._join(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                await asyncio.gather(_pour(reader, inner_writer), _pour(inner_reader, writer))
            finally:
                inner_writer.close()


async def _pour(source: StreamReader, target: StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
