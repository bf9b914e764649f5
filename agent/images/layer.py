"""Layers whose bytes depend on nothing but their files, so that one commit gives one digest on every machine.

The gzip stream holds *stored* (uncompressed) deflate blocks: zlib, zlib-ng and ISA-L compress the same bytes
differently, so a compressed layer's digest would depend on the machine. It also costs no processor time.
"""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zlib
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from agent.errors import UsageError
from agent.images.ignore import IgnoreRules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIXED_TIME = 315532800
"""1980-01-01, in seconds since 1970: the earliest time that zip files, and so Python wheels, can express."""
IGNORED = ("__pycache__", "*.pyc", ".git", ".DS_Store")
_BLOCK = 65535
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, kw_only=True)
class FolderLayer:
    """Put the content of the folder ``source`` into the image at the absolute path ``target``.

    ``ignored`` are shell patterns of file and folder names to leave out, ``rules`` those of a `.dockerignore`.
    """

    source: Path
    target: str = "/opt/program"
    ignored: tuple[str, ...] = IGNORED
    rules: IgnoreRules = field(default_factory=IgnoreRules)


class Sink(Protocol):
    """Where a layer's bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""


def write_layer(layer: FolderLayer, out: Sink) -> str:
    """Write the layer's gzip stream and answer its diff id: the ``sha256:…`` of the tar stream inside."""
    stream = _StoredGzip(out)
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        add_folder(archive, layer)
    return stream.finish()


def add_folder(archive: tarfile.TarFile, layer: FolderLayer) -> None:
    """Put the layer's files, and the folders that lead to them, into an archive."""
    target = layer.target.strip("/")
    for parent in _parents(target):
        archive.addfile(_entry(parent, tarfile.DIRTYPE, 0o755))
    for path in _walk(layer, layer.source):
        _add(archive, path, f"{target}/{path.relative_to(layer.source).as_posix()}".lstrip("/"))


def add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a file that is on no disk into an archive."""
    entry = _entry(name, tarfile.REGTYPE, 0o644)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _parents(target: str) -> list[str]:
    parts = target.split("/") if target else []
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _walk(layer: FolderLayer, folder: Path) -> Iterator[Path]:
    """Files and folders in an order that depends on no file system and no locale."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; an image layer is made from a folder")
    for path in sorted(folder.iterdir(), key=lambda child: child.name.encode()):
        if any(fnmatch(path.name, pattern) for pattern in layer.ignored):
            continue
        excluded = layer.rules.excludes(PurePosixPath(path.relative_to(layer.source).as_posix()))
        if not excluded:
            yield path
        if path.is_dir() and not path.is_symlink() and not (excluded and layer.rules.prunes):
            yield from _walk(layer, path)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    if path.is_symlink():
        entry = _entry(name, tarfile.SYMTYPE, 0o777)
        entry.linkname = str(path.readlink())
        archive.addfile(entry)
    elif path.is_dir():
        archive.addfile(_entry(name, tarfile.DIRTYPE, 0o755))
    elif path.is_file():
        # Git records only this one bit of a mode; the rest is the umask of whoever checked the file out.
        entry = _entry(name, tarfile.REGTYPE, 0o755 if path.stat().st_mode & 0o100 else 0o644)
        entry.size = path.stat().st_size
        with path.open("rb") as file:
            archive.addfile(entry, file)
    else:
        raise UsageError(f"{path} is neither file, folder nor symbolic link; remove it from the image's folder")


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = mode
    entry.mtime = FIXED_TIME
    return entry


class _StoredGzip(io.RawIOBase):
    """A gzip writer (RFC 1952) of stored blocks (RFC 1951, 3.2.4) that knows the digest of what passed through."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._checksum = 0
        self._length = 0
        self._pending = bytearray()
        out.write(_GZIP_HEADER)

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: bytes) -> int:  # type: ignore[override]  # tarfile passes bytes only
        self._digest.update(data)
        self._checksum = zlib.crc32(data, self._checksum)
        self._length += len(data)
        self._pending += data
        while len(self._pending) > _BLOCK:
            self._block(bytes(self._pending[:_BLOCK]), last=False)
            del self._pending[:_BLOCK]
        return len(data)

    def finish(self) -> str:
        self._block(bytes(self._pending), last=True)
        self._out.write(struct.pack("<II", self._checksum, self._length & 0xFFFFFFFF))
        return f"sha256:{self._digest.hexdigest()}"

    def _block(self, data: bytes, *, last: bool) -> None:
        self._out.write(struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data)
