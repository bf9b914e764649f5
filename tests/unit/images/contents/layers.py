"""Small layers as builders make them, in memory."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{more}\nA long description.\n"


def tar(files: Mapping[str, str], *, links: Mapping[str, str] | None = None) -> bytes:
    """A layer's tar stream: files by path, then hard links by path."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
        for path, target in (links or {}).items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.LNKTYPE, target
            archive.addfile(entry)
    return out.getvalue()


def layer(files: Mapping[str, str], *, links: Mapping[str, str] | None = None) -> bytes:
    """The same, compressed."""
    return gzip.compress(tar(files, links=links), mtime=0)


def metadata(name: str, version: str, more: str = "") -> str:
    """What an installer writes down of a Python distribution."""
    return METADATA.format(name=name, version=version, more=more)
