"""A model server that does what it is told, so that tests can say how an endpoint's container behaves.

It echoes invocations: body and content type come back as they were. Environment variables change that for good:

- ``DO_START_SECONDS``: listen so late. ``DO_PING_SECONDS``: answer pings so late. ``DO_PING_STATUS``: answer them so.
- ``DO_HEALTHY_AFTER``: answer pings with 503 for so many seconds.
- ``DO_COLUMNS``: echo so many columns of each line of CSV.
- ``DO_ANSWER``: this text instead of the echo. ``DO_STATUS``, ``DO_SECONDS``: status and delay of every answer.
- ``DO_FIRST_SECONDS``: delay of the first answer, instead.
- ``DO_ATTRIBUTES``: the answer's custom attributes. ``DO_EXECUTION_PARAMETERS``: JSON for batch transforms.
- ``DO_PRINT``: write these lines at the start. ``DO_EXIT``: end at once with this code.

One invocation asks for more with its custom attributes, separated by semicolons: ``status=418``, ``seconds=2``,
``text=hello``, ``attributes=x`` (to be answered), ``report`` (what the container sees, as JSON), ``die`` (end without
an answer).
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
STARTED = time.monotonic()
ANSWERS = itertools.count()


def setting(name: str, default: str = "") -> str:
    return os.environ.get(f"DO_{name}", default)


def report(headers: dict[str, str]) -> bytes:
    model = BASE / "model"
    files = sorted(path for path in model.rglob("*") if path.is_file()) if model.is_dir() else []
    seen = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "headers": headers,
        "model": {str(path.relative_to(model)): path.read_bytes()[:4096].decode("utf-8", "replace") for path in files},
        "pid": os.getpid(),
    }
    return json.dumps(seen).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes: without this the second waits 40 ms

    def do_GET(self) -> None:
        if self.path == "/ping":
            time.sleep(float(setting("PING_SECONDS", "0")))
            starting = time.monotonic() - STARTED < float(setting("HEALTHY_AFTER", "0"))
            self.answer(503 if starting else int(setting("PING_STATUS", "200")), b"", "text/plain")
        elif self.path == "/execution-parameters" and setting("EXECUTION_PARAMETERS"):
            self.answer(200, setting("EXECUTION_PARAMETERS").encode(), "application/json")
        else:
            self.answer(404, b"not found", "text/plain")

    def do_POST(self) -> None:
        body = self.body()
        if self.path != "/invocations":
            self.answer(404, b"not found", "text/plain")
            return
        pairs = (word.partition("=") for word in self.headers.get(ATTRIBUTES, "").split(";"))
        wanted = {name.strip(): value for name, _, value in pairs}
        if "die" in wanted:
            os._exit(1)
        sys.stdout.write(f"invocation of {len(body)} bytes\n")
        delay = setting("SECONDS", "0")
        if next(ANSWERS) == 0:
            delay = setting("FIRST_SECONDS", delay)
        time.sleep(float(wanted.get("seconds", delay)))
        content_type = self.headers.get("Content-Type") or "application/octet-stream"
        if "report" in wanted:
            body, content_type = report(dict(self.headers)), "application/json"
        elif "text" in wanted or setting("ANSWER"):
            body, content_type = wanted.get("text", setting("ANSWER")).encode(), "text/plain"
        elif columns := int(setting("COLUMNS", "0")):
            body = b"\n".join(b",".join(line.split(b",")[:columns]) for line in body.splitlines())
        attributes = wanted.get("attributes", setting("ATTRIBUTES"))
        self.answer(int(wanted.get("status", setting("STATUS", "200"))), body, content_type, attributes)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, body: bytes, content_type: str, attributes: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if attributes:
            self.send_header(ATTRIBUTES, attributes)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
        """Requests are reported where they are answered."""


def main() -> int:
    for line in setting("PRINT").splitlines():
        sys.stdout.write(f"{line}\n")
    if setting("EXIT"):
        return int(setting("EXIT"))
    time.sleep(float(setting("START_SECONDS", "0")))
    ThreadingHTTPServer(("", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
