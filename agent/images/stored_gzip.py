"""Gzip streams whose bytes depend on nothing but their content: *stored*, not compressed, deflate blocks.

zlib, zlib-ng and ISA-L compress the same bytes differently, and so do their versions, so a compressed layer's digest
would depend on the machine. It also costs no processor time.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import Protocol

_BLOCK = 65535
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Sink(Protocol):
    """Where a layer's bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""


class Nowhere:
    """Takes a layer of which only the digest is wanted."""

    def write(self, data: bytes, /) -> None:
        """Forget it."""


class StoredGzip(io.RawIOBase):
    """A gzip writer (RFC 1952) of stored blocks (RFC 1951, 3.2.4) that knows the digest of what passed through."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self._checksum = 0
        self._length = 0
        self._pending = bytearray()
        out.write(_GZIP_HEADER)

    def writable(self) -> bool:
        """It is only written."""
        return True

    def tell(self) -> int:
        """The number of bytes that passed through."""
        return self._length

    def write(self, data: bytes) -> int:  # type: ignore[override]  # tarfile passes bytes only
        """Pass on all of ``data``."""
        self._digest.update(data)
        self._checksum = zlib.crc32(data, self._checksum)
        self._length += len(data)
        self._pending += data
        if len(self._pending) > _BLOCK:
            self._pass_on()
        return len(data)

    def finish(self) -> str:
        """End the stream and answer the ``sha256:…`` of what passed through."""
        self._block(self._pending, last=True)
        self._out.write(struct.pack("<II", self._checksum, self._length & 0xFFFFFFFF))
        return f"sha256:{self._digest.hexdigest()}"

    def _pass_on(self) -> None:
        """All but what could be the last block, which has to be marked."""
        whole = (len(self._pending) - 1) // _BLOCK * _BLOCK
        with memoryview(self._pending) as pending:
            for start in range(0, whole, _BLOCK):
                self._block(pending[start : start + _BLOCK], last=False)
        del self._pending[:whole]

    def _block(self, data: bytearray | memoryview, *, last: bool) -> None:
        self._out.write(struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data)
