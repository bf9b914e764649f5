"""The runtime of containers by itself, without a cloud around it."""

from __future__ import annotations

import asyncio
import http.server
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from agent.runtime.container import CannotStartError, ContainerSpec, EngineImage, Exit
from agent.runtime.engine.api import EngineApi
from agent.runtime.engine.found import find_engine
from agent.runtime.engine.labels import CLOUD
from agent.runtime.engine.relay import Relay
from agent.runtime.engine.runtime import EngineRuntime
from tests.engine import python_image

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from ipaddress import IPv4Network
    from pathlib import Path

    from docker import DockerClient

    from agent.runtime.container import LogLine


class Place:
    """A runtime, and what its containers have written."""

    def __init__(self, engine: DockerClient, folder: Path) -> None:
        self.identity = str(engine.images.get(python_image()).id)
        self.folder = folder
        self.cloud = f"test{os.getpid()}"
        self.lines: list[str] = []
        (folder / "model").mkdir()

    def spec(self, script: str, **changes: Any) -> ContainerSpec:
        """A container with a shell's script."""
        image = EngineImage(digest="sha256:0", identity=self.identity, user=changes.pop("user", ""))
        given: dict[str, Any] = {"name": "job", "entrypoint": ("sh", "-c"), "arguments": (script,), **changes}
        return ContainerSpec(image=image, opt_ml=self.folder, log=self.take, **given)

    def take(self, line: LogLine) -> None:
        self.lines.append(line.text)

    def play(
        self, scenario: Callable[[EngineRuntime], Awaitable[Any]], endpoint: str = "http://127.0.0.1:9", **more: Any
    ) -> Any:
        async def play() -> Any:
            found = find_engine()
            api = EngineApi(found.address)
            runtime = EngineRuntime(api, found, cloud=self.cloud, endpoint=endpoint, **more)
            try:
                return await scenario(runtime)
            finally:
                await runtime.close()
                await api.close()

        return asyncio.run(play())

    def run(self, script: str, **changes: Any) -> Exit:
        """Run a container to its end."""

        async def scenario(runtime: EngineRuntime) -> Exit:
            return await (await runtime.start(self.spec(script, **changes))).wait()

        end: Exit = self.play(scenario)
        return end


@pytest.fixture
def place(engine: DockerClient, docker_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    return Place(engine, tmp_path)


def test_a_container_s_end_comes_after_its_last_line(place: Place) -> None:
    assert place.run("seq 1 20000; exit 3") == Exit(code=3)
    assert place.lines == [str(number) for number in range(1, 20001)]


def test_without_a_line_end_the_last_words_are_a_line(place: Place) -> None:
    place.run("printf 'no end'")
    assert place.lines == ["no end"]


def test_a_program_that_may_not_be_executed_is_126(place: Place) -> None:
    with pytest.raises(CannotStartError, match='exec: "/etc/passwd": permission denied') as refused:
        place.run("", entrypoint=("/etc/passwd",))
    assert refused.value.code == 126


def test_a_start_that_is_cancelled_leaves_nothing(engine: DockerClient, place: Place) -> None:
    async def scenario(runtime: EngineRuntime) -> None:
        starting = asyncio.create_task(runtime.start(place.spec("sleep 600")))
        await asyncio.sleep(0.05)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert starting.cancelled()

    place.play(scenario)
    mark: dict[str, str | list[str] | bool] = {"label": f"{CLOUD}={place.cloud}"}
    assert engine.containers.list(all=True, filters=mark) == []
    assert engine.networks.list(filters={"label": f"{CLOUD}={place.cloud}"}) == []


def test_what_does_not_heed_sigterm_is_killed(place: Place) -> None:
    async def scenario(runtime: EngineRuntime) -> Exit:
        return await (await runtime.start(place.spec("trap '' TERM; sleep 600"))).stop(0.2)

    assert place.play(scenario) == Exit(code=137, signal=9)


def test_a_consumer_of_lines_that_fails_ends_the_container(place: Place) -> None:
    def refuse(_line: LogLine) -> None:
        raise RuntimeError("the log is full")

    async def scenario(runtime: EngineRuntime) -> None:
        spec = place.spec("echo line; sleep 600")
        await (await runtime.start(ContainerSpec(**{**spec.__dict__, "log": refuse}))).wait()

    with pytest.raises(RuntimeError, match="the log is full"):
        place.play(scenario)


def test_files_go_to_the_cloud_s_own_user(place: Place) -> None:
    async def scenario(runtime: EngineRuntime) -> None:
        await (await runtime.start(place.spec("mkdir -m 700 /opt/ml/model/a; echo x > /opt/ml/model/a/b"))).wait()

    place.play(scenario, owner=(1234, 1235))
    found = (place.folder / "model" / "a" / "b").stat()
    assert (found.st_uid, found.st_gid) == (1234, 1235)


# --- the way to the cloud -----------------------------------------------------------------------------------------


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the cloud's answer")

    def log_message(self, *_: object) -> None:
        """Requests are no news."""


@contextmanager
def loopback_server() -> Iterator[str]:
    """A server that nobody but this machine reaches."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


_ASK = "python3 -c \"import os, urllib.request as u; print(u.urlopen(os.environ['AWS_ENDPOINT_URL']).read().decode())\""


def test_a_container_reaches_the_cloud_that_listens_on_loopback_only(place: Place) -> None:
    async def scenario(runtime: EngineRuntime) -> Exit:
        return await (await runtime.start(place.spec(_ASK, environment={"AWS_ENDPOINT_URL": endpoint}))).wait()

    with loopback_server() as endpoint:
        assert place.play(scenario, endpoint) == Exit(code=0), place.lines
    assert place.lines == ["the cloud's answer"]


def test_a_relay_takes_nobody_from_outside_its_network(elsewhere: IPv4Network) -> None:
    async def scenario(port: int) -> bytes:
        relay = Relay("127.0.0.1", elsewhere, port)
        await relay.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(relay.url.rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        with suppress(ConnectionError):
            answer = await reader.read()
        writer.close()
        await relay.close()
        return answer

    with loopback_server() as endpoint:
        assert asyncio.run(scenario(int(endpoint.rpartition(":")[2]))) == b""


@pytest.fixture
def elsewhere() -> IPv4Network:
    from ipaddress import IPv4Network

    return IPv4Network("10.0.0.0/8")
