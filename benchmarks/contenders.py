"""The servers under comparison, each in a process of its own and reached over loopback."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from agent.cloud.embedded import EmbeddedCloud
from tests.contract.provision import push_image
from tests.contract.signed import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_NO_PATIENCE = Config(connect_timeout=1, read_timeout=30, retries={"total_max_attempts": 1})


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server; ``image`` is a training image that it accepts."""

    pid: int
    signer: Signer
    image: str

    def client(self, service: str) -> Any:
        """A boto3 client of the administrator."""
        return boto3.client(
            service,
            endpoint_url=self.signer.endpoint,
            region_name=self.signer.region,
            aws_access_key_id=self.signer.access_key_id,
            aws_secret_access_key=self.signer.secret_access_key,
            config=_NO_PATIENCE,
        )

    def processor_seconds(self) -> float:
        """Processor time that the server has spent so far (proc_pid_stat(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def memory_mib(self) -> float:
        """Resident memory of the server's process."""
        return memory_mib(self.pid)


@contextlib.contextmanager
def embedded(image: bool = True) -> Iterator[Server]:
    """modelyard's embedded cloud; it verifies signatures and asks IAM policies at every call."""
    with EmbeddedCloud() as cloud:
        administrator = cloud.running.administrator("tools")
        yield Server(
            pid=cloud.running.pid,
            signer=Signer(
                endpoint=cloud.endpoint,
                region=cloud.running.region,
                access_key_id=administrator.access_key_id,
                secret_access_key=administrator.secret_access_key,
            ),
            image=push_image(cloud, "benchmark") if image else "",
        )


@contextlib.contextmanager
def moto(image: bool = True) -> Iterator[Server]:
    """moto's server as shipped; it looks at neither signatures nor policies and runs no image."""
    del image
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_answer(port)
        yield Server(
            pid=process.pid,
            signer=Signer(
                endpoint=f"http://127.0.0.1:{port}",
                region="us-east-1",
                access_key_id="benchmark",
                secret_access_key="benchmark",
            ),
            image="123456789012.dkr.ecr.us-east-1.amazonaws.com/benchmark:1",
        )
    finally:
        process.terminate()
        process.wait()


CONTENDERS: dict[str, Callable[[bool], AbstractContextManager[Server]]] = {"embedded cloud": embedded, "moto": moto}


def memory_mib(pid: int) -> float:
    """Resident memory of a process (proc_pid_status(5), VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def await_answer(port: int, seconds: float = 30) -> None:
    """Return once something accepts connections on a loopback port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.005)
    raise TimeoutError(f"nothing listens on port {port}")
