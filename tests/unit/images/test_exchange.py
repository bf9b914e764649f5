"""Requests to a registry: who is told what, and over how many connections."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from agent.errors import AccessDeniedError, CloudFailedError
from agent.images.exchange import Exchange, RegistryEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

BASIC = f"Basic {base64.b64encode(b'me:word').decode()}"


@dataclass
class Guarded:
    """A registry that answers those who bring the token that its own token service gives to ``me``."""

    address: str = ""
    token: bytes = json.dumps({"token": "granted"}).encode()
    heard: list[tuple[str, str | None]] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, str], bytes]:
        self.heard.append((path, authorization))
        if path.startswith("/token"):
            return (200, {}, self.token) if authorization == BASIC else (401, {}, b"")
        if authorization != "Bearer granted":
            challenge = f'Bearer realm="{self.url}/token",service="here",scope="repository:a:pull"'
            return 401, {"WWW-Authenticate": challenge}, b"{}"
        return 200, {}, b"content"


@contextmanager
def served(registry: Guarded) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            registry.connections += 1

        def do_GET(self) -> None:
            status, headers, body = registry.answer(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        registry.address = f"127.0.0.1:{server.server_port}"
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def registry() -> Iterator[Guarded]:
    guarded = Guarded()
    with served(guarded):
        yield guarded


def exchange(registry: Guarded, password: str | None = "word") -> Exchange:
    return Exchange(RegistryEndpoint(base_url=registry.url, username="me", password=password))


def read(exchange: Exchange, path: str = "/v2/a/blobs/x") -> bytes:
    with exchange.ask("GET", path) as answer:
        return answer.read()


def test_a_token_is_fetched_once_and_brought_from_then_on(registry: Guarded) -> None:
    ours = exchange(registry)
    assert (read(ours), read(ours)) == (b"content", b"content")
    assert [path.partition("?")[0] for path, _ in registry.heard] == [
        "/v2/a/blobs/x",
        "/token",
        "/v2/a/blobs/x",
        "/v2/a/blobs/x",
    ]
    assert registry.heard[1][0] == "/token?service=here&scope=repository%3Aa%3Apull"


def test_who_gets_no_token_is_denied(registry: Guarded) -> None:
    with pytest.raises(AccessDeniedError, match=r"GET /token \(its tokens\) answered 401"):
        read(exchange(registry, password="guessed"))


def test_a_token_service_that_answers_nonsense_is_named(registry: Guarded) -> None:
    registry.token = b"{}"
    with pytest.raises(CloudFailedError, match="answered no token"):
        read(exchange(registry))


def test_connections_are_kept_while_they_are_wanted(registry: Guarded) -> None:
    ours = exchange(registry)
    with ours.kept():
        for _ in range(5):
            read(ours)
    assert registry.connections == 1
    read(ours)
    assert registry.connections == 2


def test_a_connection_that_the_registry_closed_meanwhile_is_opened_again(registry: Guarded) -> None:
    ours = exchange(registry)
    with ours.kept():
        read(ours)
        for _, connection in ours._idle:
            assert connection.sock is not None
            connection.sock.shutdown(2)
        assert read(ours) == b"content"


def test_another_address_is_told_no_password(registry: Guarded) -> None:
    stranger = Guarded()
    with served(stranger):
        with pytest.raises(AccessDeniedError):
            read(exchange(registry), f"{stranger.url}/v2/a/blobs/uploads/1")
        assert stranger.heard[0] == ("/v2/a/blobs/uploads/1", None)


def test_a_registry_that_knows_itself_by_its_host_is_reached_where_it_is(registry: Guarded) -> None:
    endpoint = RegistryEndpoint(base_url=registry.url, host="registry.example", username="me", password="word")
    assert read(Exchange(endpoint), "https://registry.example/v2/a/blobs/x") == b"content"
