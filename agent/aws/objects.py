"""Object storage as jobs use it, without its client: the Protocol that S3 and the tests' folders both satisfy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.errors import ExitCode, ModelyardError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEME = "s3://"
_EXIT_CODES = {
    401: ExitCode.ACCESS_DENIED,
    403: ExitCode.ACCESS_DENIED,
    404: ExitCode.INPUT_MISSING,
    429: ExitCode.TEMPORARY,
    500: ExitCode.TEMPORARY,
    503: ExitCode.TEMPORARY,
}


@dataclass(frozen=True, kw_only=True)
class Location:
    """What an ``s3://bucket/key`` address names; ``key`` may also be a prefix, or empty for the whole bucket."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"

    def below(self, name: str) -> Location:
        """The key ``name`` under this one, with one slash between them."""
        return Location(bucket=self.bucket, key="/".join(part for part in (self.key.rstrip("/"), name) if part))


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object as a listing shows it; ``size`` in bytes, ``version`` None where the bucket keeps no versions."""

    bucket: str
    key: str
    etag: str
    size: int
    version: str | None = None


class ObjectStore(Protocol):
    """What a job may do with objects; blocking, and safe to use from several threads at once.

    Every method raises :class:`ObjectStoreError` when the store refuses or lacks something.
    """

    def list_objects(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """All objects whose key starts with ``prefix``, in the order of their UTF-8 keys."""

    def get(self, bucket: str, key: str, path: Path, *, version: str | None = None) -> None:
        """Download an object (of that version) to the file ``path``, whose folder exists."""

    def put(self, bucket: str, key: str, path: Path, *, kms_key_id: str | None = None) -> None:
        """Upload the file ``path``, encrypted with the KMS key if one is given."""


class ObjectStoreError(ModelyardError):
    """The store said no: its own code and HTTP status, on which object, in which operation."""

    def __init__(self, *, operation: str, location: Location, code: str, status: int, message: str) -> None:
        super().__init__(f"S3 {operation} on {location} answered {code} ({status}): {message}")
        self.code = code
        self.status = status
        self.reason = message
        self.exit_code = _EXIT_CODES.get(status, ExitCode.CLOUD_FAILED)


def parse_location(uri: str) -> Location:
    """Read an ``s3://`` address; :class:`agent.errors.UsageError` for anything else."""
    bucket, _, key = uri.removeprefix(_SCHEME).partition("/")
    if not uri.startswith(_SCHEME) or not bucket:
        raise UsageError(f"{uri!r} is not an S3 address; expected s3://bucket/prefix")
    return Location(bucket=bucket, key=key)
