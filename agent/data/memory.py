"""What is remembered of files that were read: their state then, and their sha256; one file for each folder of data."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.data.reader import Stamp

Known = dict[str, tuple["Stamp", bytes]]
"""By file name: the state that a file was read in, and its sha256."""

_FORMAT = b"modelyard: digests of files, 3\n"
_COUNT = struct.Struct("<Q")
_ROW = struct.Struct("<qqqQ32s")
_CHECKED = hashlib.sha256().digest_size


def remembered(memory: Path) -> Known:
    """What is known from earlier; nothing where the file is absent, of another making, or not as it was written."""
    try:
        document = memory.read_bytes()
    except OSError:
        return {}
    head = len(_FORMAT) + _CHECKED
    body = memoryview(document)[head:]
    if document[:head] != _FORMAT + hashlib.sha256(body).digest():
        return {}
    (count,) = _COUNT.unpack_from(body)
    end = _COUNT.size + count * _ROW.size
    rows = _ROW.iter_unpack(body[_COUNT.size : end])
    names = os.fsdecode(bytes(body[end:])).split("\0") if count else []
    return {name: (row[:4], row[4]) for name, row in zip(names, rows, strict=True)}


def remember(memory: Path, known: Known) -> None:
    """Keep what is known, at once for every reader; a folder that cannot be written to costs only time."""
    rows = b"".join([_ROW.pack(*state, digest) for state, digest in known.values()])
    body = b"".join([_COUNT.pack(len(known)), rows, os.fsencode("\0".join(known))])
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=memory.parent, prefix=f".{memory.name}.", delete=False) as file:
            file.write(b"".join([_FORMAT, hashlib.sha256(body).digest(), body]))
        Path(file.name).replace(memory)
    except OSError:
        return
