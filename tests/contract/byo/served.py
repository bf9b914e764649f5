"""A real `serve` process on loopback, and requests to it as any client sends them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KIT = ROOT / "docker/byo/kit"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def error(self) -> str:
        return str(json.loads(self.body)["error"])


@dataclass(kw_only=True)
class Served:
    """A server's main process, its port, and the file that it logs to."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body or None, headers=named)
            response = connection.getresponse()
            return Answer(status=response.status, body=response.read(), headers=dict(response.getheaders()))

    def predict(self, body: bytes, **headers: str) -> Answer:
        return self.ask("POST", "/invocations", body, **{"content_type": "text/csv", **headers})

    def metric(self, name: str) -> float:
        """The value of one sample of /metrics."""
        lines = self.ask("GET", "/metrics").body.decode().splitlines()
        return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")))

    def await_ping(self, status: int = 200) -> None:
        """Wait until /ping answers ``status``."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                if self.ask("GET", "/ping").status == status:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"/ping did not answer {status}: {self.log.read_text()}")

    def logged(self) -> list[dict[str, object]]:
        """The lines of the log, each of which is a document."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """What `train` and `serve` are started with when all is below ``folder``."""
    return {
        **os.environ,
        "PYTHONPATH": str(KIT),
        "BYO_FOLDER": str(folder),
        "SAGEMAKER_BASE_DIR": str(folder),
        "MODELYARD_BIND_HOST": "127.0.0.1",
        "MODEL_SERVER_WORKERS": "2",
        **variables,
    }


@contextlib.contextmanager
def started(folder: Path, source: str, **variables: str) -> Iterator[Served]:
    """A server of a module of this source; it is ended and waited for, whatever happens."""
    (folder / "model.py").write_text(source)
    (folder / "model").mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    log = folder / "log"
    command = [sys.executable, "-m", "byo", "serve"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment(folder, SAGEMAKER_BIND_TO_PORT=str(port), **variables),
            stdout=output,
            stderr=output,
        )
    try:
        yield Served(process=process, port=port, log=log)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def serving(folder: Path, source: str, **variables: str) -> Iterator[Served]:
    """The same when it is ready."""
    with started(folder, source, **variables) as server:
        server.await_ping()
        yield server
