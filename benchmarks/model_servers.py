"""Servers of models under comparison: each a tree of processes that reads SageMaker's variables and answers /ping."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
KIT = HERE.parent / "docker/byo/kit"
PATIENCE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Contender:
    """How a server is started, with what it needs besides SageMaker's variables."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Server:
    """One that answers; ``start`` is the time until /ping said 200, in seconds."""

    pid: int
    port: int
    start: float

    def memory_mib(self) -> float:
        """The proportional set size of all of its processes: what is shared counts once (proc_pid_smaps(5))."""
        return sum(_pss(pid) for pid in _tree(self.pid)) / 1024


def classic(python: Path) -> Contender:
    """nginx, gunicorn, flask and pandas."""
    return Contender(command=(str(python), str(HERE / "classic_byo/serve")), environment={})


def kit(program: str) -> Contender:
    """The serving kit with one of `kit_programs`."""
    variables = {"PYTHONPATH": str(KIT), "BYO_FOLDER": str(HERE / "kit_programs"), "BYO_MODULE": program}
    once = {"MODELYARD_BIND_HOST": "127.0.0.1", "MODEL_SERVER_PRELOAD": "model"}
    return Contender(command=(sys.executable, "-m", "byo", "serve"), environment={**variables, **once})


@contextlib.contextmanager
def serving(contender: Contender, base: Path) -> Iterator[Server]:
    """Start a server of the model below ``base``, wait until it is ready, and end it."""
    port = free_port()
    variables = {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port)}
    environment = {**os.environ, **contender.environment, **variables}
    begun = time.perf_counter()
    with (base / "log").open("wb") as log:
        process = subprocess.Popen(contender.command, env=environment, stdout=log, stderr=log)
    try:
        while not ready(port):
            if process.poll() is not None or time.perf_counter() - begun > PATIENCE_SECONDS:
                raise RuntimeError(f"{contender.command} does not serve: {(base / 'log').read_text()[-2000:]}")
            time.sleep(0.005)
        yield Server(pid=process.pid, port=port, start=time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait()


def ready(port: int) -> bool:
    """Whether /ping answers 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
            client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return client.recv(1024).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _tree(pid: int) -> list[int]:
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
    ]
    return [pid, *(below for child in children for below in _tree(child))]


def _pss(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
