"""Serves a controller on this machine, with or without TLS, under a context path."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.jenkins_controller.server import Handler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.jenkins_controller.state import Controller


@contextmanager
def serving(controller: Controller, *, context: str = "/jenkins", certificate: Path | None = None) -> Iterator[str]:
    """Serve a controller; its address. ``certificate`` is a PEM file with key and chain, and makes it speak TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "https" if certificate else "http"
    address = f"{scheme}://{'localhost' if certificate else '127.0.0.1'}:{server.server_port}{context}"
    mine = {"controller": controller, "context": context, "lock": threading.RLock(), "address": address}
    server.RequestHandlerClass = type("Mine", (Handler,), mine)
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
