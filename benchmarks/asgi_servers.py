"""Which ASGI server should carry MiniStack's application: what S3 puts and gets cost under each (docs/decisions/0001).

``tox run -e bench -- benchmarks/asgi_servers.py``. The processor time that the server spends on a call tells more than
calls a second, which a slower client hides. The least of several rounds counts: other work on the machine only adds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY = b"x" * 1024
CALLS = 1000
ROUNDS = 7
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def uvicorn(port: int, loop: str, http: str) -> None:
    import uvicorn
    from ministack.app import app

    uvicorn.run(app, host="127.0.0.1", port=port, loop=loop, http=http, log_level="error", access_log=False)


def hypercorn(port: int, loop: str) -> None:
    import uvloop
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    run: Callable[[Any], object] = uvloop.run if loop == "uvloop" else asyncio.run
    run(serve(app, config))


SERVERS: dict[str, Callable[[int], None]] = {
    "hypercorn, asyncio": lambda port: hypercorn(port, "asyncio"),
    "hypercorn, uvloop": lambda port: hypercorn(port, "uvloop"),
    "uvicorn, h11, asyncio": lambda port: uvicorn(port, "asyncio", "h11"),
    "uvicorn, httptools, uvloop": lambda port: uvicorn(port, "uvloop", "httptools"),
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server in a process of its own."""

    process: int
    port: int

    def processor_time(self) -> float:
        """Seconds spent by the process so far (proc_pid_stat(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds for one call: of the server's processor, and of the client's wall clock."""

    server: float
    wall: float


@contextlib.contextmanager
def serving(name: str) -> Iterator[Server]:
    port = free_port()
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "ERROR"}
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, __file__, "--serve", name, "--port", str(port)]
        with subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
            try:
                wait_for(port)
                yield Server(process=process.pid, port=port)
            finally:
                process.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def measure(server: Server) -> tuple[Cost, Cost]:
    """What a put and a get of one boto3 client cost."""
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    s3.create_bucket(Bucket="bucket")

    def put() -> None:
        s3.put_object(Bucket="bucket", Key="key", Body=BODY)

    def get() -> None:
        s3.get_object(Bucket="bucket", Key="key")["Body"].read()

    return cost(server, put), cost(server, get)


def cost(server: Server, call: Callable[[], object]) -> Cost:
    spent, start = server.processor_time(), time.perf_counter()
    for _ in range(CALLS):
        call()
    return Cost(server=(server.processor_time() - spent) / CALLS, wall=(time.perf_counter() - start) / CALLS)


def row(name: str, rounds: list[tuple[Cost, Cost]]) -> str:
    """The least cost of a server, as a row of a Markdown table."""
    cells = [
        f"{min(one.server for one in costs) * 1e6:.0f} µs | {1 / min(one.wall for one in costs):.0f}"
        for costs in zip(*rounds, strict=True)
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--serve", choices=SERVERS, help="be this server instead of measuring all")
    arguments.add_argument("--port", type=int)
    chosen = arguments.parse_args()
    if chosen.serve:
        SERVERS[chosen.serve](chosen.port)
        return
    rounds: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in SERVERS}
    for _ in range(ROUNDS):
        for name, measured in rounds.items():
            with serving(name) as server:
                measured.append(measure(server))
    print("| server | processor for a put | puts/s | processor for a get | gets/s |\n| --- | --- | --- | --- | --- |")
    print("\n".join(row(name, measured) for name, measured in rounds.items()))


if __name__ == "__main__":
    main()
