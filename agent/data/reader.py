"""Reads files and says their sha256; also a program of its own, for in one process all threads share Python's lock.

It imports next to nothing, because several of it are started for one snapshot (see :mod:`agent.data.reading`).
"""

from __future__ import annotations

import hashlib
import os
import select
import struct
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # what `typing` offers takes longer to import than all else here
    from collections.abc import Callable

Stamp = tuple[int, int, int, int]
"""Size in bytes, times of the last change of content and of inode in ns, inode: differs when a file was written to."""

Content = tuple[Stamp, bytes, int]
"""A file's state, its sha256 in that state, and when reading began, in ns."""

LENGTH = struct.Struct("<Q")
"""Goes ahead of a request: the length in bytes of the paths, which are parted by a zero byte."""
ANSWER = struct.Struct("<iqqqQq32s")
"""For each path: 0, an ``errno`` or :data:`UNSTEADY`; then a :data:`Content`, or zeros."""
UNSTEADY = -1
"""A file was written to whenever it was read."""
BUFFER_SIZE = 1 << 18
"""Bytes that are read at once: few calls, and what was read is still near the processor when it is hashed."""

_ATTEMPTS = 3
_BUFFERS_BETWEEN_CHECKS = 64
_NOTHING = (0, 0, 0, 0, 0, b"")


def stamp(status: os.stat_result) -> Stamp:
    """What tells a file's states apart without reading it."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def read(path: str | bytes, buffer: bytearray, check: Callable[[], object] = int) -> Content | None:
    """A file's content by its digest, None if it is being written to; OSError where it cannot be read.

    In the middle of a large file, ``check`` is called now and then, and may raise to read no further.
    """
    for _ in range(_ATTEMPTS):
        begun = time.time_ns()
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            before = stamp(os.fstat(file))
            digest = _sha256(file, buffer, check)
            after = stamp(os.fstat(file))
        finally:
            os.close(file)
        if before == after:
            return before, digest, begun
    return None


def _sha256(file: int, buffer: bytearray, check: Callable[[], object]) -> bytes:
    content, into, filled = hashlib.sha256(), [buffer], memoryview(buffer)
    read = 0
    while size := os.readv(file, into):
        content.update(filled[:size])
        read += 1
        if read % _BUFFERS_BETWEEN_CHECKS == 0:
            check()
    return content.digest()


def main() -> None:
    """Answer requests on standard output until standard input ends, or whoever asked does."""
    buffer, requests, answers = bytearray(BUFFER_SIZE), sys.stdin.buffer, sys.stdout.buffer
    hung_up = select.poll()
    hung_up.register(requests, 0)

    def check() -> None:
        if hung_up.poll(0):
            os._exit(0)

    try:
        while head := requests.read(LENGTH.size):
            paths = requests.read(LENGTH.unpack(head)[0]).split(b"\0")
            answers.write(b"".join([_answer(path, buffer, check) for path in paths]))
            answers.flush()
    except BrokenPipeError:
        os._exit(0)  # who asked is gone, and what is left to write with it


def _answer(path: bytes, buffer: bytearray, check: Callable[[], object]) -> bytes:
    try:
        content = read(path, buffer, check)
    except OSError as error:
        return ANSWER.pack(error.errno or UNSTEADY, *_NOTHING)
    if content is None:
        return ANSWER.pack(UNSTEADY, *_NOTHING)
    state, digest, begun = content
    return ANSWER.pack(0, *state, begun, digest)


if __name__ == "__main__":
    main()
