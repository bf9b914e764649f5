"""Lets the host reach a server inside a container that has no network.

The listening socket was made outside, so the host's connections arrive at it; the connections on to the server are
made in here, on the container's own loopback.
"""

from __future__ import annotations

import asyncio

TYPE_CHECKING = False  # the real one would import typing
if TYPE_CHECKING:
    import socket

_CHUNK = 1 << 16


def relay(listener: socket.socket, port: int) -> None:
    """Join every connection to the server's port, for ever; one that the server does not take is closed."""
    asyncio.run(_serve(listener, port))


async def _serve(listener: socket.socket, port: int) -> None:
    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass(reader, inner_writer), _pass(inner_reader, writer))

    server = await asyncio.start_server(join, sock=listener)
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything in one direction, and its end."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        writer.transport.abort()
    finally:
        writer.close()
