"""The content of files as a secret would stand in it: also of what is compressed, such as layers of images."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"
_GIT = (b"x\x01", b"x\x9c", b"x^", b"x\xda")
"""zlib, which Git's loose objects are in."""
_PIECE = 16 << 20
_OVERLAP = 4096
"""Longer than any secret, so that none is lost between two pieces."""
_DEEPEST = 3
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def pieces(path: Path) -> Iterator[bytes]:
    """What is in a file, in pieces that overlap; an archive that is damaged as far as it can be read."""
    with path.open("rb") as file:
        yield from _pieces(file, 0)


def _pieces(file: io.BufferedIOBase | io.BufferedReader, depth: int) -> Iterator[bytes]:
    start = file.read(4)
    file.seek(0)
    yield from _overlapping(file)
    if depth == _DEEPEST:
        return
    file.seek(0)
    try:
        if start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _pieces(io.BufferedReader(unpacked), depth + 1)
        elif start.startswith(_ZIP):
            yield from _zipped(file, depth)
        elif start.startswith(_GIT):
            yield zlib.decompress(file.read())
    except _BROKEN:
        return


def _zipped(file: io.BufferedIOBase | io.BufferedReader, depth: int) -> Iterator[bytes]:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            yield from _pieces(io.BytesIO(archive.read(name)), depth + 1)


def _overlapping(file: io.BufferedIOBase | io.BufferedReader) -> Iterator[bytes]:
    kept = b""
    while piece := file.read(_PIECE):
        yield kept + piece
        kept = piece[-_OVERLAP:]
