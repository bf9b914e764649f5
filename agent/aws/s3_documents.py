"""Objects in S3 as steps and the ledger use them, with nothing lost to a second writer or a cut connection."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError
from urllib3.exceptions import HTTPError

from agent.aws import s3_parts
from agent.aws.refusals import code, refusals
from agent.errors import AccessDeniedError, InputMissingError, ModelyardError, TemporaryError
from agent.ports.objects import Document, Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.aws.sessions import Clients

LARGEST_PUT = 64 << 20
"""Larger files go in parts, so that little is sent again when a connection is cut."""
LARGEST_COPY = 5 << 30
"""CopyObject takes no more (S3 API reference)."""
_CHUNK = 1 << 20
_RETRIES = 5
_FIRST_PAUSE = 0.1
_ABSENT = frozenset({"NoSuchKey", "404"})
_ANOTHER = frozenset({"PreconditionFailed", "412"})
_READS = frozenset({"GetObject", "HeadObject"})
_NOT_LISTED = "S3 also answers so for an object that does not exist to whoever may not list the bucket (s3:ListBucket)"


class _AbsentError(InputMissingError):
    """There is no such object."""


class _ChangedError(TemporaryError):
    """The object is not the one that it was; whoever looks again finds the new one."""


class S3Objects:
    """An :class:`agent.ports.objects.Objects` over boto3; ``pause`` waits so many seconds before another attempt."""

    def __init__(self, clients: Clients, account: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._clients = clients
        self._account = account
        self._pause = pause

    @property
    def _s3(self) -> Any:
        return self._clients.client("s3")

    def read(self, bucket: str, key: str) -> Document | None:
        """GetObject."""
        etags: list[str] = []
        try:
            with self._refusals("s3:GetObject", bucket, key):
                body = b"".join(self._content(bucket, key, started=etags.append))
        except _AbsentError:
            return None
        return Document(body=body, etag=etags[-1])

    def create(self, bucket: str, key: str, body: bytes) -> bool:
        """PutObject with ``If-None-Match``."""
        return self._put_if(bucket, key, body, IfNoneMatch="*")

    def replace(self, bucket: str, key: str, body: bytes, *, etag: str) -> bool:
        """PutObject with ``If-Match``."""
        return self._put_if(bucket, key, body, IfMatch=f'"{etag}"')

    def delete(self, bucket: str, key: str) -> None:
        """DeleteObject."""
        with self._refusals("s3:DeleteObject", bucket, key):
            self._s3.delete_object(Bucket=bucket, Key=key)

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """ListObjectsV2."""
        start = {"StartAfter": after} if after else {}
        pages = iter(self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **start))
        while True:
            with self._refusals("s3:ListBucket", bucket, prefix):
                page = next(pages, None)
            if page is None:
                return
            for entry in page.get("Contents", ()):
                yield Listed(
                    key=entry["Key"],
                    size=entry["Size"],
                    etag=entry["ETag"].strip('"'),
                    modified=entry["LastModified"],
                )

    def exists(self, bucket: str, key: str) -> bool:
        """HeadObject."""
        try:
            with self._refusals("s3:GetObject", bucket, key):
                self._s3.head_object(Bucket=bucket, Key=key)
        except _AbsentError:
            return False
        return True

    def upload(self, bucket: str, key: str, path: Path, *, sha256: str | None = None) -> None:
        """PutObject, where S3 itself compares the content with its digest, or a multipart upload."""
        try:
            with self._refusals("s3:PutObject", bucket, key):
                if path.stat().st_size > LARGEST_PUT:
                    s3_parts.upload(self._s3, bucket, key, path, sha256=sha256)
                else:
                    self._put_file(bucket, key, path, sha256)
        except OSError as error:
            raise InputMissingError(f"{path} cannot be read: {error.strerror}") from error

    def download(self, bucket: str, key: str, path: Path) -> None:
        """GetObject."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            with self._refusals("s3:GetObject", bucket, key), partial.open("wb") as file:
                for chunk in self._content(bucket, key):
                    file.write(chunk)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def copy(self, *, source_bucket: str, source_key: str, etag: str, size: int, bucket: str, key: str) -> None:
        """CopyObject, or a multipart upload of UploadPartCopy; tags stay behind: to read them is another permission."""
        source = {"Bucket": source_bucket, "Key": source_key}
        with self._refusals("s3:PutObject", bucket, f"{key}, a copy of s3://{source_bucket}/{source_key},"):
            if size > LARGEST_COPY:
                s3_parts.copy(self._s3, source=source, etag=etag, size=size, bucket=bucket, key=key)
                return
            self._s3.copy_object(
                CopySource=source, CopySourceIfMatch=f'"{etag}"', TaggingDirective="REPLACE", Bucket=bucket, Key=key
            )

    def sha256(self, bucket: str, key: str, *, etag: str | None = None) -> str:
        """HeadObject with checksums, and GetObject where S3 keeps no sha256 of the whole object."""
        condition = {"IfMatch": f'"{etag}"'} if etag else {}
        with self._refusals("s3:GetObject", bucket, key):
            head = self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **condition)
            kept = head.get("ChecksumSHA256", "-")
            # An object that came in parts has a digest of digests, with the number of parts behind a hyphen.
            if "-" not in kept:
                return base64.b64decode(kept).hex()
            content = hashlib.sha256()
            for chunk in self._content(bucket, key, etag=head["ETag"]):
                content.update(chunk)
            return content.hexdigest()

    def _put_file(self, bucket: str, key: str, path: Path, sha256: str | None) -> None:
        expected = {"ChecksumSHA256": base64.b64encode(bytes.fromhex(sha256)).decode()} if sha256 else {}
        try:
            with path.open("rb") as file:
                self._s3.put_object(Bucket=bucket, Key=key, Body=file, **expected)
        except ClientError as error:
            if code(error) == "BadDigest":
                raise s3_parts.not_the_same(path) from error
            raise

    def _put_if(self, bucket: str, key: str, body: bytes, **condition: str) -> bool:
        waits = _pauses()
        while True:
            with self._refusals("s3:PutObject", bucket, key):
                try:
                    self._s3.put_object(Bucket=bucket, Key=key, Body=body, **condition)
                except ClientError as error:
                    if code(error) in _ANOTHER | _ABSENT:
                        return self._was_ours(error, bucket, key, body)
                    wait = next(waits, None) if code(error) == "ConditionalRequestConflict" else None
                    if wait is None:
                        raise
                else:
                    return True
            self._pause(wait)

    def _was_ours(self, refused: ClientError, bucket: str, key: str, body: bytes) -> bool:
        """Whether the object that is in the way is what an earlier attempt wrote, whose answer was lost."""
        if not refused.response["ResponseMetadata"].get("RetryAttempts"):
            return False
        there = self.read(bucket, key)
        return there is not None and there.body == body

    def _content(
        self, bucket: str, key: str, *, etag: str | None = None, started: Callable[[str], object] | None = None
    ) -> Iterator[bytes]:
        """An object's content in pieces; where a connection is cut, it goes on with the same version of the object.

        ``started`` is told that version's ETag.
        """
        position, waits = 0, _pauses()
        while True:
            answer = self._s3.get_object(Bucket=bucket, Key=key, **_rest(position, etag))
            if position == 0 and started:
                started(answer.get("ETag", "").strip('"'))
            end = position + answer["ContentLength"]
            try:
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    position += len(chunk)
                    yield chunk
            except FlexibleChecksumError:
                raise  # all of it came, but not as it was sent
            except (BotoCoreError, HTTPError, OSError) as error:
                wait = next(waits, None)
                if wait is None:
                    raise TemporaryError(
                        f"s3:GetObject on s3://{bucket}/{key}: the connection was cut again and again: {error}"
                    ) from error
                self._pause(wait)
            if position >= end:
                return
            # From here on it must be this version; before, any will do.
            etag = answer["ETag"] if position else etag

    @contextmanager
    def _refusals(self, action: str, bucket: str, key: str) -> Iterator[None]:
        """Modelyard's errors for what is raised here, two of them known to this class."""
        where = {"account": self._account, "region": self._clients.region}
        try:
            with refusals(action, f"s3://{bucket}/{key}", **where):
                yield
        except ModelyardError as error:
            raise _known(error, error.__cause__) from error.__cause__


def _known(error: ModelyardError, cause: BaseException | None) -> ModelyardError:
    """The same error, but as one of this file's classes where S3 says that an object is absent or another one."""
    if not isinstance(cause, ClientError):
        return error
    if code(cause) in _ABSENT:
        return _AbsentError(f"{error}: no such object")
    if code(cause) in _ANOTHER:
        return _ChangedError(f"{error}: the object has changed meanwhile; run again")
    if isinstance(error, AccessDeniedError) and cause.operation_name in _READS:
        return AccessDeniedError(f"{error}; {_NOT_LISTED}")
    return error


def _rest(position: int, etag: str | None) -> dict[str, str]:
    """What GetObject is asked for: an object from a position on, if it still is the one with that ETag."""
    rest = {"Range": f"bytes={position}-"} if position else {}
    return {**rest, "IfMatch": etag} if etag else rest


def _pauses() -> Iterator[float]:
    """Seconds to wait before each further attempt: twice as long each time, and spread so that clients part."""
    return (random.uniform(0.5, 1) * _FIRST_PAUSE * 2**attempt for attempt in range(_RETRIES))  # noqa: S311
