"""A code host on this machine that answers as GitHub, GitLab and both Bitbuckets do, for their real clients."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.secret_scan.made_up import CODE_HOST_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = CODE_HOST_TOKEN
PAGES = {
    "github": "/ada/tumour/pull/12",
    "gitlab": "/clinic/models/tumour/-/merge_requests/12",
    "bitbucket_cloud": "/clinic/tumour/pull-requests/12",
    "bitbucket_server": "/git/projects/CLINIC/repos/tumour/pull-requests/12/overview",
}
_MOST = 25
"""Comments on one page, whatever the client asks for, as hosts have a limit too."""


@dataclass
class CodeHost:
    """What the host has and was asked; ``status`` and ``slow`` are how it answers instead, where it has a bad day."""

    address: str = ""
    comments: dict[int, str] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    status: int | None = None
    body: str = "{}"
    slow: float = 0.0

    def page(self, kind: str) -> str:
        """The address of the pull request, as Jenkins tells it."""
        return f"{self.address}{PAGES[kind]}"

    def add(self, body: str) -> int:
        """A comment of somebody."""
        number = len(self.comments) + 101
        self.comments[number] = body
        return number


@contextmanager
def code_host(certificate: Path | None = None) -> Iterator[CodeHost]:
    """A host that runs for a while; with a ``certificate``, a file that has its key too, by HTTPS."""
    host = CodeHost()

    class Handler(_Handler):
        state = host

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.address = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
        if certificate is not None:
            encryption = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            encryption.load_cert_chain(certificate)
            server.socket = encryption.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield host
        server.shutdown()
        thread.join()


def certificate_in(folder: Path) -> Path:
    """A file with a certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "host.pem"
    file.write_bytes(secret + signed.public_bytes(Encoding.PEM))
    return file


class _Handler(BaseHTTPRequestHandler):
    state: CodeHost
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        self._answer("POST", self._body())

    def do_PUT(self) -> None:
        self._answer("PUT", self._body())

    def do_PATCH(self) -> None:
        self._answer("PATCH", self._body())

    def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 - as in the base class
        """Nobody reads it."""

    def _body(self) -> Any:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return json.loads(text) if text else {}

    def _answer(self, method: str, body: Any) -> None:
        host = self.state
        host.requests.append(f"{method} {self.path}")
        host.tokens.add(self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or "")
        time.sleep(host.slow)
        if host.status is not None:
            return self._send(host.status, host.body, {"Retry-After": "3600"} if host.status == 429 else {})
        seen = urlsplit(self.path)
        for pattern, answer in _ROUTES:
            found = re.fullmatch(pattern, seen.path)
            if found:
                query = {name: values[-1] for name, values in parse_qs(seen.query).items()}
                status, document, headers = answer(host, method, found, query, body)
                return self._send(status, json.dumps(document), headers)
        return self._send(404, '{"message": "Not Found"}', {})

    def _send(self, status: int, text: str, headers: dict[str, str]) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


Answer = tuple[int, Any, dict[str, str]]


def _slice(host: CodeHost, query: dict[str, str], *, size: str) -> tuple[list[int], int, bool]:
    """The comments of a page, its number, and whether there is another."""
    page, most = int(query.get("page", 1)), min(int(query.get(size, _MOST)), _MOST)
    numbers = sorted(host.comments)
    return numbers[(page - 1) * most : page * most], page, page * most < len(numbers)


def _github(host: CodeHost, number: int) -> dict[str, Any]:
    api = f"{host.address}/api/v3/repos/ada/tumour/issues"
    return {
        "id": number,
        "url": f"{api}/comments/{number}",
        "html_url": f"{host.page('github')}#issuecomment-{number}",
        "issue_url": f"{api}/12",
        "body": host.comments[number],
        "user": {"login": "ada", "id": 1, "type": "User"},
    }


def _github_list(host: CodeHost, method: str, _found: Any, query: dict[str, str], body: Any) -> Answer:
    if method == "POST":
        return 201, _github(host, host.add(body["body"])), {}
    numbers, page, more = _slice(host, query, size="per_page")
    following = f"{host.address}/api/v3/repos/ada/tumour/issues/12/comments?per_page=100&page={page + 1}"
    return 200, [_github(host, one) for one in numbers], {"Link": f'<{following}>; rel="next"'} if more else {}


def _github_one(host: CodeHost, method: str, found: Any, _query: dict[str, str], body: Any) -> Answer:
    number = int(found["id"])
    if method == "PATCH":
        host.comments[number] = body["body"]
    return 200, _github(host, number), {}


def _github_issue(host: CodeHost, _method: str, _found: Any, _query: dict[str, str], _body: Any) -> Answer:
    api = f"{host.address}/api/v3/repos/ada/tumour"
    return 200, {"number": 12, "url": f"{api}/issues/12", "comments_url": f"{api}/issues/12/comments"}, {}


def _gitlab(host: CodeHost, number: int) -> dict[str, Any]:
    return {"id": number, "body": host.comments[number], "author": {"username": "ada"}, "system": False}


def _gitlab_list(host: CodeHost, method: str, _found: Any, query: dict[str, str], body: Any) -> Answer:
    if method == "POST":
        return 201, _gitlab(host, host.add(body["body"])), {}
    numbers, page, more = _slice(host, query, size="per_page")
    following = f"{host.address}/api/v4/projects/clinic%2Fmodels%2Ftumour/merge_requests/12/notes?page={page + 1}"
    headers = {"X-Page": str(page), "X-Per-Page": str(_MOST), "X-Total": str(len(host.comments))}
    return (
        200,
        [_gitlab(host, one) for one in numbers],
        headers | ({"Link": f'<{following}>; rel="next"'} if more else {}),
    )


def _gitlab_one(host: CodeHost, _method: str, found: Any, _query: dict[str, str], body: Any) -> Answer:
    host.comments[int(found["id"])] = body["body"]
    return 200, _gitlab(host, int(found["id"])), {}


def _cloud(host: CodeHost, number: int) -> dict[str, Any]:
    return {
        "type": "pullrequest_comment",
        "id": number,
        "content": {"raw": host.comments[number], "markup": "markdown", "html": ""},
        "deleted": False,
        "links": {"html": {"href": f"{host.page('bitbucket_cloud')}#comment-{number}"}},
    }


def _cloud_list(host: CodeHost, method: str, found: Any, query: dict[str, str], body: Any) -> Answer:
    if method == "POST":
        return 201, _cloud(host, host.add(body["content"]["raw"])), {}
    numbers, page, more = _slice(host, query, size="pagelen")
    document = {"values": [_cloud(host, one) for one in numbers], "page": page, "pagelen": _MOST}
    return 200, document | ({"next": f"{host.address}{found.string}?page={page + 1}"} if more else {}), {}


def _cloud_one(host: CodeHost, _method: str, found: Any, _query: dict[str, str], body: Any) -> Answer:
    host.comments[int(found["id"])] = body["content"]["raw"]
    return 200, _cloud(host, int(found["id"])), {}


def _server(host: CodeHost, number: int) -> dict[str, Any]:
    return {"id": number, "version": host.versions.get(number, 0), "text": host.comments[number]}


def _server_activities(host: CodeHost, _method: str, _found: Any, query: dict[str, str], _body: Any) -> Answer:
    start, most = int(query.get("start", 0)), min(int(query.get("limit", _MOST)), _MOST)
    comments = [
        {"id": 1000 + one, "action": "COMMENTED", "commentAction": "ADDED", "comment": _server(host, one)}
        for one in sorted(host.comments, reverse=True)
    ]
    everything: list[dict[str, Any]] = [*comments, {"id": 1, "action": "OPENED"}]
    shown, end = everything[start : start + most], start + most >= len(everything)
    following = None if end else start + most
    return 200, {"values": shown, "isLastPage": end, "nextPageStart": following, "limit": most, "start": start}, {}


def _server_list(host: CodeHost, _method: str, _found: Any, _query: dict[str, str], body: Any) -> Answer:
    return 201, _server(host, host.add(body["text"])), {}


def _server_one(host: CodeHost, _method: str, found: Any, _query: dict[str, str], body: Any) -> Answer:
    number = int(found["id"])
    if body["version"] != host.versions.get(number, 0):
        return 409, {"errors": [{"message": "stale version"}]}, {}
    host.versions[number] = body["version"] + 1
    host.comments[number] = body["text"]
    return 200, _server(host, number), {}


_SERVER = "/git/rest/api/(?:1.0|latest)/projects/CLINIC/repos/tumour/pull-requests/12"
_ROUTES = (
    ("/api/v3/repos/ada/tumour/issues/12", _github_issue),
    ("/api/v3/repos/ada/tumour/issues/12/comments", _github_list),
    (r"/api/v3/repos/ada/tumour/issues/comments/(?P<id>\d+)", _github_one),
    ("/api/v4/projects/clinic%2Fmodels%2Ftumour/merge_requests/12/notes", _gitlab_list),
    (r"/api/v4/projects/clinic%2Fmodels%2Ftumour/merge_requests/12/notes/(?P<id>\d+)", _gitlab_one),
    ("/2.0/repositories/clinic/tumour/pullrequests/12/comments", _cloud_list),
    (r"/2.0/repositories/clinic/tumour/pullrequests/12/comments/(?P<id>\d+)", _cloud_one),
    (f"{_SERVER}/activities", _server_activities),
    (f"{_SERVER}/comments", _server_list),
    (rf"{_SERVER}/comments/(?P<id>\d+)", _server_one),
)
