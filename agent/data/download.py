"""Downloads a file once, keeps it by its digest, and never takes another file for it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from agent.errors import AccessDeniedError, InputMissingError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from agent.data.version import Remote
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock

MIRROR = "MODELYARD_DATA_MIRROR"
"""Environment variable: a folder, or a URL that file names are put behind, where files are looked for first."""

_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 60
_PAUSES = (1.0, 4.0, 16.0)
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def download(remote: Remote, folder: Path, *, clock: Clock, report: Reporter) -> Path:
    """The file, from ``folder`` if it is there already.

    Raises InputMissingError where it is absent or another file, AccessDeniedError where the server wants to know who
    asks, and TemporaryError after the last attempt.
    """
    kept = folder / remote.sha256
    if kept.is_file() and _digest(kept) == remote.sha256:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    for address in _mirrored(remote.url):
        try:
            return _fetch(address, remote, kept, clock, report)
        except (InputMissingError, AccessDeniedError, TemporaryError) as error:
            report.warn(f"{MIRROR}: {error}; taking {remote.url}")
    return _fetch(remote.url, remote, kept, clock, report)


def _mirrored(url: str) -> Iterator[str]:
    """Where the mirror would have a file, if there is a mirror."""
    mirror, name = os.environ.get(MIRROR, ""), urlsplit(url).path.rpartition("/")[2]
    if "://" in mirror:
        yield f"{mirror.rstrip('/')}/{name}"
    elif mirror:
        yield Path(mirror, unquote(name)).absolute().as_uri()


def _fetch(address: str, remote: Remote, kept: Path, clock: Clock, report: Reporter) -> Path:
    pauses = iter(_PAUSES)
    while True:
        clock.check()
        report.doing(f"downloading {address}")
        try:
            return _fetch_once(address, remote.sha256, kept, clock)
        except (OSError, ValueError, HTTPException) as error:
            pause = next(pauses, None)
            if pause is None or not _passes(error):
                raise _failure(address, error) from error
        clock.sleep(pause)


def _fetch_once(address: str, sha256: str, kept: Path, clock: Clock) -> Path:
    content = hashlib.sha256()
    partial = Path(tempfile.mkdtemp(dir=kept.parent, prefix=".coming-"), kept.name)
    try:
        opened = urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS)  # noqa: S310 - the user's own address
        with opened as response, partial.open("wb") as file:
            for chunk in _chunks(response):
                clock.check()
                content.update(chunk)
                file.write(chunk)
        if content.hexdigest() != sha256:
            raise InputMissingError(
                f"{address} is not the file that it was: expected sha256 {sha256}, found {content.hexdigest()}; "
                "if the new file is the right one, put its sha256 into modelyard.yaml"
            )
        return partial.replace(kept)
    finally:
        shutil.rmtree(partial.parent)


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """The body in pieces; ConnectionError where it ends too early."""
    announced = response.headers.get("Content-Length")
    come = 0
    while chunk := response.read(_CHUNK):
        come += len(chunk)
        yield chunk
    if announced is not None and come < int(announced):
        raise ConnectionError(f"the connection ended after {come} of {announced} bytes")


def _passes(error: Exception) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in _PASSING
    return not (isinstance(error, ValueError) or _is_no_file(error))


def _is_no_file(error: Exception) -> bool:
    """Whether a ``file:`` address names nothing that could be read; the cause stands inside urllib's own error."""
    return isinstance(getattr(error, "reason", error), FileNotFoundError | PermissionError | IsADirectoryError)


def _failure(address: str, error: Exception) -> Exception:
    if _passes(error):
        return TemporaryError(f"{address} cannot be downloaded: {error}; try again later")
    if isinstance(error, urllib.error.HTTPError) and error.code in _REFUSALS:
        return AccessDeniedError(f"{address} answers {error.code} {error.reason}")
    return InputMissingError(f"{address} cannot be downloaded: {error}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
