"""A runnable folder from an image's layers, unpacked once for each digest and shared by its containers."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from agent.errors import InputMissingError
from agent.images.lock import exclusive
from agent.images.manifest import decode_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.images.layout import ImageLayout

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MAX_LINKS = 40


@dataclass(frozen=True, kw_only=True)
class UnpackedImage:
    """An image's files at ``rootfs`` (never to be changed: its containers share them) and how it starts."""

    digest: str
    rootfs: Path
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    user: str = ""


def unpack(layout: ImageLayout, digest: str, cache: Path) -> UnpackedImage:
    """Unpack the image with this manifest digest into ``cache/sha256-<digest>/rootfs``, unless it is there.

    Whoever comes second, thread or process, waits for the first; a half-unpacked folder is never seen.
    """
    home = cache / digest.replace(":", "-")
    if not home.is_dir():
        with exclusive(cache / f".{home.name}.lock"):
            if not home.is_dir():
                _unpack_layers(layout, digest, home)
    config = decode_config((home / "config.json").read_bytes())
    return UnpackedImage(
        digest=digest,
        rootfs=home / "rootfs",
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        env=config.env,
        working_dir=config.working_dir,
        user=config.user,
    )


def _unpack_layers(layout: ImageLayout, digest: str, home: Path) -> None:
    partial = home.with_name(f".{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    rootfs = partial / "rootfs"
    rootfs.mkdir(parents=True)
    manifest = layout.manifest(digest)
    for layer in manifest.layers:
        apply_layer(layout.blob_path(layer.digest), rootfs)
    (partial / "config.json").write_bytes(layout.read(manifest.config.digest))
    partial.rename(home)


def apply_layer(blob: Path, rootfs: Path) -> None:
    """Lay one layer over ``rootfs``: whiteouts remove, opaque folders hide, the rest is added or replaced.

    The rules are image-spec's `layer.md`. Links are followed as inside a container, where / is the image, so no
    member can land outside ``rootfs``; a ``..`` in a name raises :class:`agent.errors.InputMissingError`.
    """
    fresh: set[Path] = set()
    try:
        with _opened(blob) as archive:
            for member in archive:
                _apply(archive, member, rootfs, fresh)
    except FileNotFoundError as error:
        raise InputMissingError(f"layer {blob.name}: no {error.filename}; pull the image again") from error
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile, NotADirectoryError, FileExistsError) as error:
        raise InputMissingError(f"layer {blob.name} is damaged: {error}; build the image again") from error


@contextmanager
def _opened(blob: Path) -> Iterator[tarfile.TarFile]:
    with blob.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    # tarfile's own gzip reader stops after the first of several gzip members, of which some builders make layers.
    with (gzip.open if zipped else Path.open)(blob, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        yield archive


def _apply(archive: tarfile.TarFile, member: tarfile.TarInfo, rootfs: Path, fresh: set[Path]) -> None:
    name = PurePosixPath(member.name.lstrip("/"))
    if ".." in name.parts:
        raise InputMissingError(f"layer member {member.name!r} leads outside the image; do not use this image")
    if not name.parts:
        return
    folder = resolve_inside(rootfs, name.parent)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name.name
    if name.name == _OPAQUE:
        _hide_lower(folder, fresh)
    elif name.name.startswith(_WHITEOUT):
        _remove(folder / name.name.removeprefix(_WHITEOUT))
    else:
        _place(archive, member, target, rootfs)
        fresh.update(path for path in (target, *target.parents) if path.is_relative_to(rootfs))


def resolve_inside(rootfs: Path, path: PurePosixPath) -> Path:
    """Where ``path`` of the container is on the host: links are followed with ``rootfs`` as their /."""
    found = rootfs
    waiting = [part for part in reversed(path.parts) if part != "/"]
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            found = found.parent if found != rootfs else rootfs
            continue
        if not (found / part).is_symlink():
            found /= part
            continue
        links += 1
        if links > _MAX_LINKS:
            raise InputMissingError(f"{path} in the image is a circle of symbolic links; build the image again")
        link = PurePosixPath((found / part).readlink())
        found = rootfs if link.is_absolute() else found
        waiting += [step for step in reversed(link.parts) if step != "/"]
    return found


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path, rootfs: Path) -> None:
    """One member; owners, special bits, device nodes and pipes mean nothing to a process and are left out."""
    if member.isdir():
        if not target.is_dir() or target.is_symlink():
            _remove(target)
            target.mkdir()
        target.chmod(member.mode & 0o777 | 0o700)
        return
    _remove(target)
    if member.issym():
        target.symlink_to(member.linkname)
    elif member.islnk():
        link = PurePosixPath(member.linkname.lstrip("/"))
        os.link(resolve_inside(rootfs, link.parent) / link.name, target, follow_symlinks=False)
    elif (content := archive.extractfile(member)) is not None:
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(member.mode & 0o777 | 0o600)
        os.utime(target, (member.mtime, member.mtime))


def _hide_lower(folder: Path, fresh: set[Path]) -> None:
    """What lower layers put into the folder goes; what this layer has already put there stays."""
    for child in folder.iterdir():
        if child not in fresh:
            _remove(child)
        elif child.is_dir() and not child.is_symlink():
            _hide_lower(child, fresh)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
