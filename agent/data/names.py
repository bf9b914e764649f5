"""How the files of a data set are called in the store: by their own name, so that jobs know them, and by their content.

``train/iris.csv`` of content C is ``data/objects/train/iris.C.csv``; it is another object with any other content, and
never changes. Limits are those of S3 (keys of 1,024 bytes), SageMaker (``S3Uri`` of 1,024 characters) and of the file
systems that jobs see the files on (255 bytes between two slashes).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from agent import naming
from agent.errors import UsageError

OBJECTS = f"{naming.DATA}objects/"
MANIFESTS = f"{naming.DATA}manifests/"

_ETAG = "etag-"
_ADDED = len(".") + len(_ETAG) + 64
_LONGEST_PART = 255
_LONGEST_FILE = _LONGEST_PART - _ADDED
_LONGEST_NAME = 1024 - len("s3://") - 63 - len("/") - len(OBJECTS) - _ADDED
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".snappy"})
_SUFFIX = re.compile(r"\.[A-Za-z0-9_-]{1,16}\Z")
_CONTENT = re.compile(r"\.(etag-)?([0-9a-f]{64})(?=(?:\.[A-Za-z0-9_-]{1,16}){0,2}\Z)")
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*(?:/[A-Za-z0-9_-][A-Za-z0-9_. -]*)*\Z")
_UNKEPT = frozenset({"Cc", "Cs"})
_NO_CHARACTERS = frozenset("\ufffe\uffff")


def content_of_object(etag: str, size: int) -> str:
    """What names the content of an object in S3 that nobody has read: it is never taken for a file's sha256."""
    return _ETAG + hashlib.sha256(f"{etag}:{size}".encode()).hexdigest()


def key(name: str, content: str) -> str:
    """The key of the object that holds this content of the file ``name``; no two names or contents share one.

    ``content`` is a sha256 in hexadecimal or what :func:`content_of_object` answers. It stands ahead of the suffix,
    which is shorter than any content: whoever reads a key from the right finds where it stands.
    """
    folder, slash, file = name.rpartition("/")
    suffix = _suffix(file)
    return f"{OBJECTS}{folder}{slash}{file.removesuffix(suffix)}.{content}{suffix}"


def name_and_sha256(key: str) -> tuple[str, str | None]:
    """What :func:`key` put together: a file's name, and its content's sha256 unless only S3's version is known."""
    name = key.removeprefix(OBJECTS)
    found = _CONTENT.search(name)
    if found is None:
        return name, None
    return name[: found.start()] + name[found.end() :], None if found[1] else found[2]


def file_name(name: str, source: str) -> str:
    """A file's name as it is kept: relative, with slashes, and in Unicode's composed form (NFC) on every system.

    Raises UsageError, with the data source and the file, for a name that S3 or a job could not keep.
    """
    if len(name) <= _LONGEST_FILE and _PLAIN.match(name):
        return name  # as nearly all are, and there may be very many
    kept = unicodedata.normalize("NFC", name)
    problem = _problem(kept)
    if problem:
        raise UsageError(f"data source `{source}`: the file {name!r} {problem}; rename it")
    return kept


def _suffix(file: str) -> str:
    """``.csv``, or ``.csv.gz`` where the last one tells how the file is packed; a hidden file's name is none."""
    last = _last_suffix(file)
    return _last_suffix(file.removesuffix(last)) + last if last.lower() in _PACKED else last


def _last_suffix(file: str) -> str:
    found = _SUFFIX.search(file)
    return found[0] if found and found.start() > 0 else ""


def _problem(name: str) -> str:
    """What keeps a name from being kept, or nothing."""
    *folders, file = name.split("/")
    if not file or not all(folders):
        return "has an empty part between its slashes"
    if {".", ".."} & {file, *folders}:
        return "has a part that is `.` or `..`"
    if not name.isprintable() and (_NO_CHARACTERS & set(name) or _UNKEPT & set(map(unicodedata.category, name))):
        return "has a character that S3 cannot list, such as a control character or broken UTF-8"
    size = len(name.encode())
    if size <= _LONGEST_FILE:
        return ""
    if len(file.encode()) > _LONGEST_FILE or any(len(part.encode()) > _LONGEST_PART for part in folders):
        return (
            f"has a name that is too long: {_LONGEST_FILE} bytes in UTF-8, for a folder {_LONGEST_PART}, is the limit"
        )
    return f"has a path that is too long: {_LONGEST_NAME} bytes in UTF-8 is the limit" if size > _LONGEST_NAME else ""
