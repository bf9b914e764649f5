"""One pass over a layer as it comes from the registry: only what package managers noted is ever held in memory.

Sources: OCI image-spec, `layer.md` (whiteouts); what is noted where is in the modules beside.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.errors import InputMissingError
from agent.images.contents.language_packages import conda, node, python
from agent.images.contents.system_packages import alpine, debian, system
from agent.ports.contents import LayerContents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from _typeshed import WriteableBuffer

    from agent.ports.contents import Package, System

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_LONGEST = 64 << 20
"""A database of packages that is larger is none."""
_RECORD = re.compile(r"(?:^|/)[^/]+\.dist-info/RECORD$")
_SYSTEM = re.compile(r"^(?:etc|usr/lib)/os-release$")
_UNREAD = re.compile(r"^(?:var/lib|usr/lib/sysimage|usr/share)/rpm/(?:Packages|Packages\.db|rpmdb\.sqlite)$")
_READERS: Mapping[re.Pattern[str], Callable[[str], tuple[Package, ...]]] = {
    re.compile(r"^var/lib/dpkg/status$"): debian,
    re.compile(r"^var/lib/dpkg/status\.d/[^/]+(?<!\.md5sums)$"): debian,
    re.compile(r"^(?:usr/)?lib/apk/db/installed$"): alpine,
    re.compile(r"(?:^|/)[^/]+\.dist-info/METADATA$"): python,
    re.compile(r"(?:^|/)[^/]+\.egg-info(?:/PKG-INFO)?$"): python,
    re.compile(r"(?:^|/)conda-meta/[^/]+\.json$"): conda,
    re.compile(r"(?:^|/)node_modules/(?:@[^/]+/)?[^/@][^/]*/package\.json$"): node,
}
"""Who reads a file, by its path."""


def read_layer(digest: str, blocks: Iterator[bytes]) -> LayerContents:
    """What a layer says of packages; InputMissingError for one that is damaged or of a kind that nobody here reads."""
    found = _Found()
    try:
        with _opened(blocks) as archive:
            for member in archive:
                found.see(archive, member)
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise InputMissingError(f"the layer {digest} cannot be read: {error}; build the image again") from error
    return found.contents()


@dataclass
class _Found:
    """What has been seen of a layer so far."""

    packages: dict[str, tuple[Package, ...]] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    system: System | None = None

    def see(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """One member; what is no file, link or whiteout tells nothing."""
        path = member.name.removeprefix("./").strip("/")
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            self.hidden.append(folder)
        elif name.startswith(_WHITEOUT):
            self.removed.append(f"{folder}/{name.removeprefix(_WHITEOUT)}".lstrip("/"))
        elif member.islnk():
            self._see_link(path, member.linkname.removeprefix("./").strip("/"))
        elif member.isreg():
            self._see_file(path, archive, member)

    def contents(self) -> LayerContents:
        """All of it."""
        packages = {
            path: tuple(replace(one, record=self.records.get(path.rpartition("/")[0], "")) for one in packages)
            for path, packages in sorted(self.packages.items())
        }
        return LayerContents(
            packages=packages,
            removed=tuple(self.removed),
            hidden=tuple(self.hidden),
            system=self.system,
            unread=tuple(self.unread),
        )

    def _see_file(self, path: str, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        read = next((reader for pattern, reader in _READERS.items() if pattern.search(path)), None)
        if _UNREAD.search(path):
            self.unread.append(path)
        elif member.size > _LONGEST:
            return
        elif read is not None:
            self.packages[path] = read(_content(archive, member).decode(errors="replace"))
        elif _RECORD.search(path):
            self.records[path.rpartition("/")[0]] = hashlib.sha256(_content(archive, member)).hexdigest()
        elif _SYSTEM.search(path):
            self.system = system(_content(archive, member).decode(errors="replace")) or self.system

    def _see_link(self, path: str, target: str) -> None:
        """A second name of a file that came earlier in this layer, as some installers make from their cache."""
        if target in self.packages:
            self.packages[path] = self.packages[target]
        record = self.records.get(target.rpartition("/")[0])
        if record and _RECORD.search(path):
            self.records[path.rpartition("/")[0]] = record


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file is not None else b""


def _opened(blocks: Iterator[bytes]) -> tarfile.TarFile:
    stream = io.BufferedReader(_Blocks(blocks), 1 << 20)
    # tarfile's own gzip reader stops after the first of several gzip members, of which some builders make layers.
    unzipped: io.BufferedIOBase = gzip.GzipFile(fileobj=stream) if stream.peek(2)[:2] == b"\x1f\x8b" else stream
    return tarfile.open(fileobj=unzipped, mode="r|")


class _Blocks(io.RawIOBase):
    """Blocks as a file that is read once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """As much as there is room for, however small the blocks are: who peeks sees more than a byte."""
        into, filled = memoryview(buffer).cast("B"), 0
        while filled < len(into):
            if not self._left:
                block = next(self._blocks, None)
                if block is None:
                    break
                self._left = memoryview(block)
            size = min(len(into) - filled, len(self._left))
            into[filled : filled + size], self._left = self._left[:size], self._left[size:]
            filled += size
        return filled
