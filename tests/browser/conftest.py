"""A real Chromium that sees a folder as Jenkins serves an archived one: under its default Content-Security-Policy."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

POLICY = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
# For tools that look at the page from inside: their tasks may run. The page's own scripts still may not.
EXAMINED = POLICY.replace("sandbox allow-same-origin", "sandbox allow-same-origin allow-scripts")


class _Jenkins(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        examined = self.path.endswith("?examined")
        self.send_header("Content-Security-Policy", EXAMINED if examined else POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 - as in the base class
        """Nobody reads it."""


@contextmanager
def jenkins(folder: Path) -> Iterator[str]:
    """The address where a folder is served as Jenkins would."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Jenkins, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without its own sandbox, which root cannot have.

    Of one module only: while Playwright is there, no other event loop can run in this process.
    """
    chromium = require("chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()
