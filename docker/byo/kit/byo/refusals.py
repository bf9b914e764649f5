"""Answers that are no predictions: each a status of HTTP and a sentence that a client may read."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A request is answered with ``status`` and ``message``; nothing else of it reaches the client."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad_rows(message: str) -> Refused:
    """400: what is wrong with which row and column."""
    return Refused(HTTPStatus.BAD_REQUEST, message)
