"""Blobs on their way into a repository, several at once; one whose connection was cut goes on where it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from agent.errors import CloudFailedError, InputMissingError, InterruptedRunError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from agent.images.exchange import Exchange
    from agent.images.manifest import Descriptor
    from agent.images.retries import Retries

_AT_ONCE = 4
_BLOCK = 1 << 20


class Content(Protocol):
    """Where a blob's bytes come from."""

    def blocks(self, start: int) -> Iterator[bytes]:
        """The bytes from the offset ``start`` to the end."""


@dataclass(frozen=True, kw_only=True)
class FileContent:
    """A blob that is on disk."""

    path: Path

    def blocks(self, start: int) -> Iterator[bytes]:
        """See :class:`Content`."""
        with self.path.open("rb") as file:
            file.seek(start)
            while block := file.read(_BLOCK):
                yield block


@dataclass(frozen=True, kw_only=True)
class BytesContent:
    """A small blob, such as a configuration."""

    data: bytes

    def blocks(self, start: int) -> Iterator[bytes]:
        """See :class:`Content`."""
        yield self.data[start:]


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A blob that a repository shall have; ``mount_from`` is one of the same registry that has it already."""

    descriptor: Descriptor
    content: Content
    mount_from: str | None = None


def upload(exchange: Exchange, repository: str, blobs: Sequence[Blob], retries: Retries) -> frozenset[str]:
    """Bring into a repository what it lacks of ``blobs``; the digests of those whose bytes were sent."""
    stop = Event()
    uploads = [
        BlobUpload(exchange, repository, blob, stop)
        for blob in {blob.descriptor.digest: blob for blob in blobs}.values()
    ]
    with exchange.kept(), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upload") as pool:
        started = [pool.submit(retries.run, one.attempt) for one in uploads]
        try:
            for done in as_completed(started):
                done.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return frozenset(one.digest for one in uploads if one.sent)


class BlobUpload:
    """One blob: looked for, mounted, or sent by POST, PATCH and PUT as docker does.

    Not every registry takes the shorter ways of the specification, nor parts that the client cuts; so parts are made
    only where a connection was cut, and only if the registry tells how much has arrived.
    """

    def __init__(self, exchange: Exchange, repository: str, blob: Blob, stop: Event) -> None:
        self._exchange = exchange
        self._repository = repository
        self._blob = blob
        self._stop = stop
        self._location: str | None = None
        self.sent = False

    @property
    def digest(self) -> str:
        """The blob's."""
        return self._blob.descriptor.digest

    def attempt(self) -> None:
        """See to it that the repository has the blob; after a TemporaryError, the next attempt goes on."""
        self._check_wanted()
        start = self._arrived()
        if start is None:
            self._location = None
            if self._is_there() or self._mounted_or_begun():
                return
            start = 0
        self.sent = True
        try:
            self._send(start)
        except (CloudFailedError, InputMissingError) as error:
            if start == 0:
                raise
            self._location = None
            raise TemporaryError(f"{error}; the upload begins anew") from error

    def _arrived(self) -> int | None:
        """How many bytes a registry has of an upload that was cut; None where it is to begin anew."""
        if self._location is None:
            return None
        try:
            with self._exchange.ask("GET", self._location) as answer:
                told = answer.headers.get("Range", "")
                self._location = answer.headers.get("Location", self._location)
        except (CloudFailedError, InputMissingError):
            return None
        last = told.rpartition("-")[2]
        # "0-0" is what registries say of one byte, and of none.
        return int(last) + 1 if last.isdigit() and last != "0" else None

    def _is_there(self) -> bool:
        path = f"/v2/{self._repository}/blobs/{self.digest}"
        with self._exchange.ask("HEAD", path, accept_missing=True) as answer:
            return answer.status == 200

    def _mounted_or_begun(self) -> bool:
        """Whether the registry took the blob over from another repository; else it waits for its bytes."""
        source = self._blob.mount_from
        query = f"?{urlencode({'mount': self.digest, 'from': source})}" if source else ""
        path = f"/v2/{self._repository}/blobs/uploads/{query}"
        with self._exchange.ask("POST", path, headers={"Content-Length": "0"}) as answer:
            answer.read()
            self._location = answer.headers["Location"]
            return answer.status == 201

    def _send(self, start: int) -> None:
        size = self._blob.descriptor.size
        if start < size or size == 0:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - start)}
            if start:
                headers["Content-Range"] = f"{start}-{size - 1}"
            told = self._exchange.write("PATCH", str(self._location), headers, lambda: self._watched(start))
            self._location = told["Location"]
        session = str(self._location)
        done = f"{session}{'&' if '?' in session else '?'}{urlencode({'digest': self.digest})}"
        self._exchange.write("PUT", done, {"Content-Length": "0"})

    def _watched(self, start: int) -> Iterator[bytes]:
        for block in self._blob.content.blocks(start):
            self._check_wanted()
            yield block

    def _check_wanted(self) -> None:
        if self._stop.is_set():
            raise InterruptedRunError(f"the upload of {self.digest} was ended, because another failed")
