"""What a data source holds now, file by file, without copying anything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from agent.aws.objects import parse_location
from agent.data.digests import digests
from agent.data.folder import files_of
from agent.data.names import content_of_object, file_name
from agent.data.own_folder import own_folder
from agent.data.version import File, LocalFile, Remote, StoredObject
from agent.errors import InputMissingError, UsageError
from agent.runtime.channels import local_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.config.model import DataSource
    from agent.ports.objects import Objects
    from agent.ports.time import Clock


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """Reads data sources; ``folder`` is the model repository."""

    objects: Objects
    clock: Clock
    folder: Path

    def files(self, name: str, source: DataSource) -> Iterator[File]:
        """The files that the source ``name`` has now.

        Raises InputMissingError where there are none, UsageError where one cannot be kept.
        """
        if source.path is not None:
            return files_at(name, source.path, folder=self.folder, clock=self.clock)
        if source.s3 is not None:
            return self._objects(name, source.s3)
        if source.url is not None and source.sha256 is not None:
            return iter([_remote(name, source.url, source.sha256)])
        raise UsageError(f"data source `{name}` has neither `path` nor `s3` nor `url` with `sha256`")

    def _objects(self, source: str, address: str) -> Iterator[File]:
        where = parse_location(address)
        found = [
            entry for entry in self.objects.list(where.bucket, where.key) if not _marks_folder(entry.key, entry.size)
        ]
        the_one = [entry for entry in found if entry.key == where.key]
        if not found:
            raise InputMissingError(f"data source `{source}`: there is no object at {address}")
        for entry in the_one or found:
            name = PurePosixPath(entry.key).name if the_one else local_name(where.key, entry.key)
            yield File(
                name=file_name(name, source),
                content=content_of_object(entry.etag, entry.size),
                size=entry.size,
                origin=StoredObject(bucket=where.bucket, key=entry.key, etag=entry.etag),
            )


def files_at(source: str, path: str, *, folder: Path, clock: Clock) -> Iterator[File]:
    """The files of the source that is a path of the model repository in ``folder``; errors as of :class:`Scanner`."""
    root = folder / path
    found = files_of(root, repository=folder, source=source)
    memory = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    for file, size, content in digests(found, memory=own_folder(folder) / "digests" / memory, clock=clock):
        name = file_name(file.name, source)
        yield File(name=name, content=content.hex(), size=size, origin=LocalFile(path=file.path))


def _marks_folder(key: str, size: int) -> bool:
    """Whether an object stands only for a folder, as consoles make them."""
    return key.endswith("/") and size == 0


def _remote(source: str, url: str, sha256: str) -> File:
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    if not name:
        raise UsageError(f"data source `{source}`: {url} does not end in a file's name")
    return File(name=file_name(name, source), content=sha256, size=None, origin=Remote(url=url, sha256=sha256))
