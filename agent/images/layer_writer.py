"""Layers entry by entry, with fixed times and owners, so that only names, modes and contents decide their bytes."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING

from agent.images.stored_gzip import StoredGzip

if TYPE_CHECKING:
    from agent.images.stored_gzip import Sink

FIXED_TIME = 315532800
"""1980-01-01, in seconds since 1970: the earliest time that zip files, and so Python wheels, can express."""


class Entries:
    """Puts entries into a tar archive; names are relative to its root, and the order is that of the calls."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._folders = {""}

    def folder(self, name: str) -> None:
        """A folder, and those above it: an engine would make those that are missing for root alone."""
        if name not in self._folders:
            self._above(name)
            self._folders.add(name)
            self._archive.addfile(_entry(name, tarfile.DIRTYPE, 0o755))

    def file(self, name: str, content: IO[bytes], *, size: int, executable: bool) -> None:
        """A file of ``size`` bytes."""
        self._above(name)
        entry = _entry(name, tarfile.REGTYPE, 0o755 if executable else 0o644)
        entry.size = size
        self._archive.addfile(entry, content)

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        self._above(name)
        entry = _entry(name, tarfile.SYMTYPE, 0o777)
        entry.linkname = target
        self._archive.addfile(entry)

    def _above(self, name: str) -> None:
        self.folder(name.rpartition("/")[0])


class LayerWriter(Entries):
    """A layer on its way to ``out``."""

    def __init__(self, out: Sink) -> None:
        self._stream = StoredGzip(out)
        super().__init__(tarfile.open(fileobj=self._stream, mode="w", format=tarfile.PAX_FORMAT))  # noqa: SIM115 - `finish` closes it

    def finish(self) -> str:
        """End the layer and answer its diff id: the ``sha256:…`` of the tar stream inside."""
        self._archive.close()
        return self._stream.finish()


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = mode
    entry.mtime = FIXED_TIME
    return entry
