"""An HTTP client that costs almost nothing, so that a benchmark finds the server's limit and not the client's.

It sends the same signed request over and over on connections it keeps open. One process drives several connections
from one loop; several processes drive several of those.
"""

from __future__ import annotations

import multiprocessing
import re
import selectors
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

_CHUNK = 1 << 16
_LENGTH = re.compile(rb"^content-length: *(\d+)\r?$", re.IGNORECASE | re.MULTILINE)
_LAST = re.compile(rb"^connection: *close\r?$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Load:
    """A request (``request`` is its raw HTTP bytes), sent by so many processes on so many connections each."""

    endpoint: str
    request: bytes
    processes: int = 2
    connections: int = 4
    seconds: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """What came of it: answers a second, and the 50th and 99th percentile of their latencies in milliseconds."""

    per_second: float
    median_ms: float
    p99_ms: float


def drive(load: Load) -> Throughput:
    """Put the load on a server; raises RuntimeError at the first answer that is no success."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(load.processes, mp_context=context) as pool:
        list(pool.map(_idle, range(load.processes)))  # processes that are still starting would not be load
        start = time.time() + 0.2
        hammered = pool.map(_hammer, [load] * load.processes, [start] * load.processes)
        latencies = sorted(chain.from_iterable(hammered))
    if not latencies:
        raise RuntimeError(f"{load.endpoint} answered nothing within {load.seconds} s")
    return Throughput(
        per_second=len(latencies) / load.seconds,
        median_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1000,
    )


def _idle(_: int) -> None:
    time.sleep(0.1)


def _hammer(load: Load, start: float) -> list[float]:
    time.sleep(max(0.0, start - time.time()))
    address = urlsplit(load.endpoint)
    assert address.hostname
    assert address.port
    with selectors.DefaultSelector() as ready:
        callers = [_Caller((address.hostname, address.port), load.request, ready) for _ in range(load.connections)]
        end = time.perf_counter() + load.seconds
        while time.perf_counter() < end:
            for key, _ in ready.select(timeout=0.1):
                key.data.receive()
        for caller in callers:
            caller.close()
    return [latency for caller in callers for latency in caller.latencies]


class _Caller:
    """One connection that asks again as soon as it is answered."""

    def __init__(self, address: tuple[str, int], request: bytes, ready: selectors.BaseSelector) -> None:
        self._address, self._request, self._ready = address, request, ready
        self.latencies: list[float] = []
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ready.register(self._socket, selectors.EVENT_READ, self)
        self._send()

    def _send(self) -> None:
        self._received = b""
        self._sent = time.perf_counter()
        self._socket.sendall(self._request)

    def receive(self) -> None:
        """Take what has come; ask again once the answer is whole."""
        data = self._socket.recv(_CHUNK)
        self._received += data
        if not data:
            self._reconnect()
            return
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"answered {self._received[:2000].decode('utf-8', 'replace')}")
        self.latencies.append(time.perf_counter() - self._sent)
        if _LAST.search(head):
            self._reconnect()
        else:
            self._send()

    def _reconnect(self) -> None:
        self.close()
        self._connect()

    def close(self) -> None:
        self._ready.unregister(self._socket)
        self._socket.close()
