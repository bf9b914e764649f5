"""Archives of models come from anywhere; what they may do to this machine is decided here, on every Python."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from agent.runtime.archives import harmless, unpack_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def with_members(archive: tarfile.TarFile, folder: Path) -> None:
    """As Python before 3.11.4 does it."""
    archive.extractall(folder, members=harmless(archive, folder), filter="fully_trusted")


def packed(*members: tuple[str, bytes, str]) -> tarfile.TarFile:
    """An archive of names, types, and contents or link targets."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, text in members:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind == tarfile.REGTYPE:
                entry.size = len(text)
            else:
                entry.linkname = text
            archive.addfile(entry, io.BytesIO(text.encode()))
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


@pytest.fixture(params=[unpack_archive, with_members])
def unpack(request: pytest.FixtureRequest) -> Callable[[tarfile.TarFile, Path], None]:
    if request.param is with_members and not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python does it that way by itself")
    chosen: Callable[[tarfile.TarFile, Path], None] = request.param
    return chosen


def test_files_folders_and_links_inside_arrive(unpack: Callable[[tarfile.TarFile, Path], None], tmp_path: Path) -> None:
    members = [
        ("model", tarfile.DIRTYPE, ""),
        ("model/trees.txt", tarfile.REGTYPE, "150"),
        ("model/latest", tarfile.SYMTYPE, "trees.txt"),
        ("same", tarfile.LNKTYPE, "model/trees.txt"),
    ]
    with packed(*members) as archive:
        unpack(archive, tmp_path)
    assert (tmp_path / "model/latest").read_text() == "150"
    assert (tmp_path / "same").read_text() == "150"


@pytest.mark.parametrize(
    "members",
    [
        [("../outside", tarfile.REGTYPE, "x")],
        [("link", tarfile.SYMTYPE, "/etc")],
        [("link", tarfile.SYMTYPE, "../..")],
        [("link", tarfile.LNKTYPE, "../../etc/passwd")],
        [("pipe", tarfile.FIFOTYPE, "")],
        [("a", tarfile.SYMTYPE, "."), ("b", tarfile.SYMTYPE, "a/.."), ("b/outside", tarfile.REGTYPE, "x")],
    ],
)
def test_what_leads_out_is_refused(
    unpack: Callable[[tarfile.TarFile, Path], None], tmp_path: Path, members: list[tuple[str, bytes, str]]
) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    with packed(*members) as archive, pytest.raises(tarfile.TarError):
        unpack(archive, folder)
    assert not (tmp_path / "outside").exists()
