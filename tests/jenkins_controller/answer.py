"""An answer of the controller, and the pages that it shows to browsers and programs alike."""

from __future__ import annotations


class Answer(Exception):  # noqa: N818 - it is how a handler answers before its end
    """An answer that ends the request."""

    def __init__(self, status: int, body: str | bytes = "", **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def page(title: str) -> str:
    return f"<html><head><title>{title} - Jenkins</title></head><body><h2>{title}</h2></body></html>"
