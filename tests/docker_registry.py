"""A real registry for tests and benchmarks: Debian's `docker-registry`, on a free port of this machine."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.request import urlopen

from agent.ports.images import PushTarget
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START_SECONDS = 30
_ASKED = re.compile(r'"(?P<method>[A-Z]+) (?P<path>/v2/\S*) HTTP/[\d.]+" (?P<status>\d+)')


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that the registry has answered; ``path`` without its query."""

    method: str
    path: str
    status: int
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class DockerRegistry:
    """A registry that runs: ``address`` is its ``host:port``, ``log`` the file where it says what it was asked."""

    address: str
    log: Path

    def target(self, repository: str) -> PushTarget:
        """A repository to push to; it is made by the first push."""
        return PushTarget(
            uri=f"{self.address}/{repository}",
            repository=repository,
            base_url=f"http://{self.address}",
            host=self.address,
            token="anyone may",
        )

    def asked(self, since: int = 0) -> list[Asked]:
        """Every request after the first ``since``."""
        found = [_asked(line) for line in _ASKED.finditer(self.log.read_text(errors="replace"))]
        return found[since:]


@contextmanager
def docker_registry(folder: Path) -> Iterator[DockerRegistry]:
    """Run a registry that keeps its blobs in ``folder``, until the block ends."""
    program = require("docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{_free_port()}"
    settings = folder / "config.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{address}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: '{folder}/data'}}, delete: {{enabled: true}}}}\n"
    )
    log = folder / "registry.log"
    with log.open("wb") as out, subprocess.Popen([program, "serve", settings], stdout=out, stderr=out) as process:
        try:
            _await(address, process, log)
            yield DockerRegistry(address=address, log=log)
        finally:
            process.terminate()


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urlopen(f"http://{address}/v2/", timeout=5):
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"docker-registry does not start: {error}\n{log.read_text()}") from error
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _asked(line: re.Match[str]) -> Asked:
    path, _, query = line["path"].partition("?")
    return Asked(method=line["method"], path=path, status=int(line["status"]), query=query)
