"""Unpacks archives that others have made: nothing lands outside the folder, whatever their names and links say."""

from __future__ import annotations

import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def unpack_archive(archive: tarfile.TarFile, folder: Path) -> None:
    """Files, folders and links below ``folder``; tarfile.TarError for anything else, and for what leads out of it.

    That is the filter ``data`` of PEP 706, which Python knows from 3.11.4 on; Debian 12 has an earlier one.
    """
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
    else:
        archive.extractall(folder, members=harmless(archive, folder))  # noqa: S202 - they are


def harmless(archive: tarfile.TarFile, folder: Path) -> Iterator[tarfile.TarInfo]:
    """The members one by one, each checked when those before it are in place, so that their links count."""
    inside = folder.resolve()
    for member in archive:
        leads = [member.name]
        if member.issym():
            leads.append(str(PurePosixPath(member.name).parent / member.linkname))
        elif member.islnk():
            leads.append(member.linkname)
        elif not (member.isreg() or member.isdir()):
            raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder nor a link")
        for path in leads:
            if path.startswith("/") or not (inside / path).resolve().is_relative_to(inside):
                raise tarfile.TarError(f"{member.name!r} leads outside of the archive's folder")
        member.uid, member.gid, member.uname, member.gname = 0, 0, "", ""
        member.mode = member.mode & 0o755 | 0o600 | (0o700 if member.isdir() else 0)
        yield member
