"""Layers whose bytes depend on nothing but a folder's files, so that one commit gives one digest on every machine."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.images.ignore import IgnoreRules
from agent.images.layer_writer import FIXED_TIME, Entries, LayerWriter
from agent.images.stored_gzip import Sink

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FIXED_TIME", "FolderLayer", "Sink", "add_file", "add_folder", "write_layer"]

IGNORED = ("__pycache__", "*.pyc", ".git", ".DS_Store")


@dataclass(frozen=True, kw_only=True)
class FolderLayer:
    """Put the content of the folder ``source`` into the image at the absolute path ``target``.

    ``ignored`` are shell patterns of file and folder names to leave out, ``rules`` those of a `.dockerignore`.
    """

    source: Path
    target: str = "/opt/program"
    ignored: tuple[str, ...] = IGNORED
    rules: IgnoreRules = field(default_factory=IgnoreRules)


def write_layer(layer: FolderLayer, out: Sink) -> str:
    """Write the layer's gzip stream and answer its diff id: the ``sha256:…`` of the tar stream inside."""
    writer = LayerWriter(out)
    _fill(writer, layer)
    return writer.finish()


def add_folder(archive: tarfile.TarFile, layer: FolderLayer) -> None:
    """Put the layer's files, and the folders that lead to them, into an archive."""
    _fill(Entries(archive), layer)


def add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a file that is on no disk into an archive."""
    Entries(archive).file(name, io.BytesIO(content), size=len(content), executable=False)


def _fill(entries: Entries, layer: FolderLayer) -> None:
    target = layer.target.strip("/")
    entries.folder(target)
    for path in _walk(layer, layer.source):
        _add(entries, path, f"{target}/{path.relative_to(layer.source).as_posix()}".lstrip("/"))


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


def _add(entries: Entries, path: Path, name: str) -> None:
    if path.is_symlink():
        entries.link(name, str(path.readlink()))
    elif path.is_dir():
        entries.folder(name)
    elif path.is_file():
        found = path.stat()
        with path.open("rb") as file:
            # Git records only this one bit of a mode; the rest is the umask of whoever checked the file out.
            entries.file(name, file, size=found.st_size, executable=bool(found.st_mode & 0o100))
    else:
        raise UsageError(f"{path} is neither file, folder nor symbolic link; remove it from the image's folder")
