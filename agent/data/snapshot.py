"""Takes snapshots: looks at a source, brings what the store lacks, and completes the version that it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.data.ahead import sight
from agent.data.download import download
from agent.data.last_version import last_version, remember_version
from agent.data.names import OBJECTS, file_name
from agent.data.own_folder import own_folder
from agent.data.sources import Scanner
from agent.data.store import Store, Taken, in_parallel
from agent.data.version import File, LocalFile, Remote, StoredObject, version
from agent.errors import InputMissingError

if TYPE_CHECKING:
    from agent.artifacts import DataSet
    from agent.config.model import DataSource
    from agent.data.store import Missing
    from agent.data.version import Version
    from agent.looks import Looks
    from agent.ports.objects import Listed, Objects
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Snapshots of one model repository's data sources into one bucket.

    ``folder`` is the repository: below it, in ``.modelyard``, is remembered what was read and kept what was downloaded.
    """

    objects: Objects
    bucket: str
    folder: Path
    clock: Clock
    report: Reporter
    looks: Looks

    def scan(self, name: str, source: DataSource) -> Version:
        """The version that a source is in this run; nothing is written. Errors are those of :class:`Scanner`."""
        self.report.doing(f"looking at the data source `{name}`")

        def look(clock: Clock) -> Version:
            scanner = Scanner(objects=self.objects, clock=clock, folder=self.folder)
            return version(self.bucket, scanner.files(name, source), name)

        return self.looks.once(sight(self.bucket, name, source), look, self.clock)

    def size(self, name: str, version: Version) -> int | None:
        """The size in bytes of a version of the source ``name``, None if the store does not hold it."""
        if not self._store.holds(version):
            return None
        remember_version(self.folder, self.bucket, name, version.digest)
        return self._store.size(version)

    def missing(self, name: str, version: Version) -> Missing:
        """What has to be brought for a version that the store does not hold."""
        return self._store.missing(version, like=last_version(self.folder, self.bucket, name))

    def complete(self, name: str, version: Version) -> Taken:
        """Bring what a version of the source ``name`` lacks; who is interrupted goes on with the next file later."""
        size = self.size(name, version)
        if size is not None:
            return Taken(size=size)
        self.report.doing(f"`{name}`: bringing what is new into s3://{self.bucket}/{OBJECTS}")
        like = last_version(self.folder, self.bucket, name)
        taken = self._store.complete(version, self._bring, like=like)
        remember_version(self.folder, self.bucket, name, version.digest)
        new = f"{taken.copied_files} of {len(version.files)} files ({taken.copied_bytes:,} bytes)"
        self.report.fact(f"`{name}`: {new} were new; the version is {version.digest}")
        return taken

    @property
    def _store(self) -> Store:
        return Store(objects=self.objects, bucket=self.bucket)

    def _bring(self, file: File) -> int:
        self.clock.check()
        match file.origin:
            case LocalFile(path=path):
                return self._store.upload(file, Path(path))
            case Remote() as remote:
                folder = own_folder(self.folder) / "downloads"
                return self._store.upload(file, download(remote, folder, clock=self.clock, report=self.report))
            case StoredObject() as source:
                return self._store.copy(file, source)


def version_of_prefix(
    objects: Objects, bucket: str, prefix: str, *, name: str, content_type: str | None = None
) -> DataSet:
    """Make what a job wrote below a prefix a version of the data set ``name``; the prefix is not needed after that.

    The version depends only on the files' names below the prefix and on their content, whatever job wrote them and
    whenever. Raises InputMissingError where there is nothing.
    """
    folder = prefix.rstrip("/") + "/"
    listed = [entry for entry in objects.list(bucket, folder) if not entry.key.endswith("/")]
    if not listed:
        raise InputMissingError(f"the data set `{name}` is empty: there is no object below s3://{bucket}/{folder}")
    sources = {
        file_name(entry.key.removeprefix(folder), name): StoredObject(bucket=bucket, key=entry.key, etag=entry.etag)
        for entry in listed
    }

    def read(entry: Listed) -> File:
        file = file_name(entry.key.removeprefix(folder), name)
        content = objects.sha256(bucket, entry.key, etag=entry.etag)
        return File(name=file, content=content, size=entry.size, origin=sources[file])

    wanted = version(bucket, in_parallel(read, listed), name)
    store = Store(objects=objects, bucket=bucket)
    if not store.holds(wanted):
        store.complete(wanted, lambda file: store.copy(file, sources[file.name]))
    return wanted.data_set(name, content_type=content_type, size=sum(entry.size for entry in listed))
