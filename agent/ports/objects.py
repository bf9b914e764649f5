"""Objects in S3 as steps and the ledger use them: small documents with conditions, large ones from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An object as a listing shows it; ``size`` in bytes, ``etag`` without quotes."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, kw_only=True)
class Document:
    """A small object that was read whole; ``etag`` without quotes, for a conditional replacement."""

    body: bytes
    etag: str


class Objects(Protocol):
    """Objects with one identity's permissions; blocking, and safe to use from several threads.

    Refusals raise AccessDeniedError, InputMissingError (no such bucket or object where one must be),
    CloudFailedError, and TemporaryError after the budget of retries. Without ``s3:ListBucket`` S3 refuses access to
    an absent object rather than say that it is absent, and so does this.
    """

    def read(self, bucket: str, key: str) -> Document | None:
        """A small object whole, or None where there is none (GetObject)."""

    def create(self, bucket: str, key: str, body: bytes) -> bool:
        """Write an object unless one is there (PutObject, ``If-None-Match: *``); whether it was written."""

    def replace(self, bucket: str, key: str, body: bytes, *, etag: str) -> bool:
        """Write an object only over that very one (PutObject, ``If-Match``); whether it was written."""

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; it need not be there (DeleteObject)."""

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """All objects below a prefix, in the order of their UTF-8 keys, from the first key that follows ``after``.

        A page of 1,000 costs one request, when it is reached (ListObjectsV2).
        """

    def exists(self, bucket: str, key: str) -> bool:
        """Whether there is such an object (HeadObject); also False where there is no such bucket."""

    def upload(self, bucket: str, key: str, path: Path, *, sha256: str | None = None) -> None:
        """Upload a file; a large one in parallel parts.

        With the ``sha256`` that it must have, InputMissingError and no object if it has another one by now.
        """

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Download to a file, whose folder exists; a connection that is cut is taken up again."""

    def copy(self, *, source_bucket: str, source_key: str, etag: str, size: int, bucket: str, key: str) -> None:
        """Copy on the server's side, only if the source still has that ETag (CopyObject, multipart above 5 GB).

        ``size`` is the source's, in bytes. TemporaryError if the source has changed, InputMissingError if it is gone.
        """

    def sha256(self, bucket: str, key: str, *, etag: str | None = None) -> str:
        """The sha256 of an object's content in hexadecimal: S3's own where it keeps one, else of what is read.

        InputMissingError if the object is absent, TemporaryError if it is not the one with that ``etag`` any more.
        """
