"""Where an instance and a container get their credentials, on loopback: both protocols as AWS serves them.

Sources: EC2 user guide, "Use the Instance Metadata Service" (version 2); SDKs and tools reference, "Container
credential provider".
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOKEN, SECOND_TOKEN = "a-session-of-the-metadata-service", "a-token-of-the-container"
ROLE = "flowers-ci"
_ROLES = "/latest/meta-data/iam/security-credentials/"
CONTAINER = "/v1/credentials"


@dataclass
class Metadata:
    """A server whose credentials are the ``number``-th and last so long; ``asked`` are its requests."""

    port: int = 0
    number: int = 1
    lasts: timedelta = timedelta(hours=6)
    refuses: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, Any]:
        """What it hands out."""
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": f"ASIA{self.number:016}",
            "SecretAccessKey": "secret",
            "Token": "session",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "Expiration": (datetime.now(UTC) + self.lasts).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Its answer; without its token the second version of the service says nothing."""
        self.asked.append(f"{method} {path}")
        if self.refuses:
            return 403, ""
        if (method, path) == ("PUT", "/latest/api/token"):
            return (200, TOKEN) if _header(headers, "x-aws-ec2-metadata-token-ttl-seconds") else (400, "")
        if path == CONTAINER:
            known = _header(headers, "authorization") == SECOND_TOKEN
            return (200, json.dumps(self.credentials)) if known else (401, "")
        if _header(headers, "x-aws-ec2-metadata-token") != TOKEN:
            return 401, ""
        found = {_ROLES: ROLE, f"{_ROLES}{ROLE}": json.dumps(self.credentials)}
        return (200, found[path]) if path in found else (404, "")


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


@contextmanager
def metadata() -> Iterator[Metadata]:
    """A service that answers as long as the block lasts."""
    made = Metadata()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            status, body = made.answer(self.command, self.path, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the standard library
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
