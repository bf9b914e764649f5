"""The content-addressed store of the artifact bucket: objects come once, a manifest only after all of its objects."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from agent.data import names
from agent.data.version import FileRecord, VersionRecord, described, manifest_key
from agent.errors import InputMissingError
from agent.ledger.records import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from agent.data.version import File, StoredObject, Version
    from agent.ports.objects import Objects

Item = TypeVar("Item")
Done = TypeVar("Done")

_THREADS = 16
_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Missing:
    """The files that the store lacks of a version, and the sizes of the objects that it has, in bytes by key."""

    files: tuple[File, ...]
    there: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A version's size, and what of it had to be brought; sizes in bytes."""

    size: int
    copied_files: int = 0
    copied_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Store:
    """Versions of data sets in one bucket.

    Where a manifest is, its objects are: who removes objects removes the manifests that name them first.
    """

    objects: Objects
    bucket: str

    def holds(self, version: Version) -> bool:
        """Whether the version is complete in the store."""
        return self.objects.exists(self.bucket, version.manifest_key)

    def size(self, version: Version) -> int:
        """The size in bytes of all files of a version that the store holds."""
        sizes = [file.size for file in version.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else self.record(version.digest).size

    def record(self, digest: str) -> VersionRecord:
        """What is remembered of a version that the store holds."""
        key = f"{names.MANIFESTS}{digest}.json"
        document = self.objects.read(self.bucket, key)
        if document is None:
            raise InputMissingError(f"the data version {digest} has no record: s3://{self.bucket}/{key} is missing")
        return parsed(document.body, VersionRecord, f"s3://{self.bucket}/{key}")

    def sizes(self, keys: Iterable[str]) -> dict[str, int]:
        """Which of these objects there are, with their sizes in bytes.

        A listing is read beside the keys, and begun again where it would read a page of objects that nobody asked
        for: that is at most one request for each key, and at most one for each thousand objects of the store.
        """
        wanted = sorted(keys)
        there: dict[str, int] = {}
        decided = 0
        while decided < len(wanted):
            decided = self._compare(wanted, decided, there)
        return there

    def _compare(self, wanted: Sequence[str], first: int, there: dict[str, int]) -> int:
        """Read one listing from the key ``first`` on; answer which is the first key that it did not decide."""
        decided, passed = first, 0
        for listed in self.objects.list(self.bucket, names.OBJECTS, after=wanted[first][:-1]):
            while decided < len(wanted) and wanted[decided] < listed.key:
                decided += 1
            if decided == len(wanted):
                return decided
            if wanted[decided] == listed.key:
                there[listed.key] = listed.size
                decided, passed = decided + 1, 0
            else:
                passed += 1
            if passed >= _PAGE and decided > first:
                return decided
        return len(wanted)

    def missing(self, version: Version, *, like: str | None = None) -> Missing:
        """What a version lacks that the store does not hold.

        What the version with the digest ``like`` names is there if that version is: the store is asked for the rest.
        """
        proven = self._named_by(like) if like and len(version.keys) > _PAGE else frozenset()
        sizes = dict(zip(version.keys, (file.size for file in version.files), strict=True))
        there = {key: size for key, size in sizes.items() if size is not None and key in proven}
        there |= self.sizes(key for key in version.keys if key not in there)
        absent = tuple(file for file, key in zip(version.files, version.keys, strict=True) if key not in there)
        return Missing(files=absent, there=there)

    def _named_by(self, digest: str) -> frozenset[str]:
        """The keys of a version that the store holds; none where it does not, or holds something else by that name."""
        document = self.objects.read(self.bucket, manifest_key(digest))
        if document is None or hashlib.sha256(document.body).hexdigest() != digest:
            return frozenset()
        return frozenset(f"{names.OBJECTS}{name}" for name in json.loads(document.body)[1:])

    def complete(self, version: Version, bring: Callable[[File], int], *, like: str | None = None) -> Taken:
        """Bring what a version lacks, several files at a time; ``bring`` answers a file's size in bytes.

        ``like`` is as of :meth:`missing`.

        What an interrupted run has brought is there for the next one: the manifest comes last.
        """
        missing = self.missing(version, like=like)
        brought = in_parallel(bring, missing.files)
        sizes = {**missing.there, **{file.key: size for file, size in zip(missing.files, brought, strict=True)}}
        record = _record(version, sizes)
        self.objects.create(self.bucket, version.record_key, record.model_dump_json(indent=1).encode())
        self.objects.create(self.bucket, version.manifest_key, version.manifest)
        return Taken(size=record.size, copied_files=len(brought), copied_bytes=sum(brought))

    def upload(self, file: File, path: Path) -> int:
        """Bring a file from this machine, and answer its size in bytes."""
        self.objects.upload(self.bucket, file.key, path, sha256=file.content)
        return path.stat().st_size if file.size is None else file.size

    def copy(self, file: File, source: StoredObject) -> int:
        """Bring a file on the server's side, and answer its size in bytes."""
        size = file.size or 0
        self.objects.copy(
            source_bucket=source.bucket,
            source_key=source.key,
            etag=source.etag,
            size=size,
            bucket=self.bucket,
            key=file.key,
        )
        return size


def _record(version: Version, sizes: Mapping[str, int]) -> VersionRecord:
    files = tuple(
        FileRecord(name=file.name, size=sizes[key], content=file.content, source=described(file.origin))
        for file, key in zip(version.files, version.keys, strict=True)
    )
    return VersionRecord(size=sum(file.size for file in files), files=files)


def in_parallel(work: Callable[[Item], Done], items: Sequence[Item]) -> list[Done]:
    """What ``work`` answers for each item, in order; the first failure ends it, after the work that is under way."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="data") as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
