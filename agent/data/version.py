"""One version of a data set as a value: its files, where each is to be had, and the manifest that names the version."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from agent.artifacts import DataSet
from agent.data import names
from agent.errors import UsageError
from agent.ledger.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable


class LocalFile(NamedTuple):
    """Content on this machine, whose sha256 is known."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """Content in S3: this version of an object."""

    bucket: str
    key: str
    etag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """Content that is downloaded only when it is needed, and checked then."""

    url: str
    sha256: str


Origin = LocalFile | StoredObject | Remote


class File(NamedTuple):
    """A file of a data set, one of very many perhaps; ``content`` names what is in it.

    ``size`` is in bytes, None while nobody has had it.
    """

    name: str
    content: str
    size: int | None
    origin: Origin

    @property
    def key(self) -> str:
        """Where the store keeps it."""
        return names.key(self.name, self.content)


class FileRecord(Record):
    """What is remembered of a file: its name and size, its content, and where that came from."""

    name: str
    size: int
    content: str
    source: str


class VersionRecord(Record):
    """What is remembered of a version beside its manifest, for people and for lineage; ``size`` in bytes."""

    size: int
    files: tuple[FileRecord, ...]


@dataclass(frozen=True)
class Version:
    """Files that are a version together, in the store of a bucket."""

    bucket: str
    files: tuple[File, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Where the store keeps each of the files."""
        return tuple([file.key for file in self.files])

    @cached_property
    def manifest(self) -> bytes:
        """SageMaker's ManifestFile (API reference, ``S3DataSource``): the same bytes for the same files."""
        below = [key.removeprefix(names.OBJECTS) for key in self.keys]
        listed = [{"prefix": f"s3://{self.bucket}/{names.OBJECTS}"}, *sorted(below)]
        return json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode()

    @cached_property
    def digest(self) -> str:
        """The sha256 of the manifest, in hexadecimal: the version's name."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def manifest_key(self) -> str:
        """Where the manifest is kept."""
        return manifest_key(self.digest)

    @property
    def record_key(self) -> str:
        """Where the :class:`VersionRecord` is kept."""
        return f"{names.MANIFESTS}{self.digest}.json"

    def data_set(self, name: str, *, content_type: str | None, size: int) -> DataSet:
        """The version as jobs are given it, once the store holds it; ``size`` in bytes."""
        return DataSet(
            name=name,
            digest=self.digest,
            manifest=f"s3://{self.bucket}/{self.manifest_key}",
            files=len(self.files),
            size=size,
            content_type=content_type,
        )


def manifest_key(digest: str) -> str:
    """Where the manifest of a version is kept."""
    return f"{names.MANIFESTS}{digest}.manifest"


def version(bucket: str, files: Iterable[File], source: str) -> Version:
    """These files as a version; UsageError where two of them have one name."""
    by_name: dict[str, File] = {}
    for file in files:
        other = by_name.setdefault(file.name, file)
        if other is not file:
            first, second = described(other.origin), described(file.origin)
            raise UsageError(f"data source `{source}`: {first} and {second} would both be {file.name!r}; rename one")
    return Version(bucket, tuple(by_name[name] for name in sorted(by_name)))


def described(origin: Origin) -> str:
    """Where content comes from, in one line."""
    match origin:
        case LocalFile(path=path):
            return path
        case StoredObject(bucket=bucket, key=key, etag=etag):
            return f"s3://{bucket}/{key} (ETag {etag})"
        case Remote(url=url):
            return url
