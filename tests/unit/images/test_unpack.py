"""Layers over layers make the files that an engine would show, and nothing ever lands outside the image."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError
from agent.images.assemble import ImageRecipe, assemble
from agent.images.layer import FolderLayer
from agent.images.layout import ImageLayout
from agent.images.manifest import ImageConfig
from agent.images.unpack import UnpackedImage, apply_layer, resolve_inside, unpack

if TYPE_CHECKING:
    from pathlib import Path


def member(name: str, content: str = "", **attributes: object) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o644
    for key, value in attributes.items():
        setattr(entry, key, value)
    entry.size = len(content)
    return entry, content.encode()


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=to)


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE, mode=0o755)


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    path = tmp_path / "image" / "rootfs"
    path.mkdir(parents=True)
    return path


def lay(rootfs: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    """Apply a layer of these members."""
    layer = rootfs.parent / "layer"
    with tarfile.open(layer, "w:gz") as archive:
        for entry, content in members:
            archive.addfile(entry, io.BytesIO(content))
    apply_layer(layer, rootfs)


def tree(rootfs: Path) -> list[str]:
    return sorted(path.relative_to(rootfs).as_posix() for path in rootfs.rglob("*"))


def test_a_later_layer_adds_and_replaces(rootfs: Path) -> None:
    lay(rootfs, folder("a"), member("a/x", "old"), member("a/y", "y"))
    lay(rootfs, member("a/x", "new"), member("a/z", "z"))
    assert tree(rootfs) == ["a", "a/x", "a/y", "a/z"]
    assert (rootfs / "a/x").read_text() == "new"


def test_a_whiteout_removes_what_lower_layers_had(rootfs: Path) -> None:
    lay(rootfs, member("a/x"), member("a/y"), folder("b"), member("b/z"))
    lay(rootfs, member("a/.wh.x"), member(".wh.b"))
    assert tree(rootfs) == ["a", "a/y"]


def test_a_whiteout_of_what_is_not_there_is_nothing(rootfs: Path) -> None:
    lay(rootfs, member("a/.wh.x"))
    assert tree(rootfs) == ["a"]


@pytest.mark.parametrize("early", [True, False])
def test_an_opaque_folder_hides_lower_layers_but_not_its_own(rootfs: Path, early: bool) -> None:
    lay(rootfs, member("a/old"), member("a/sub/old"), member("a/kept/old"))
    own, opaque = member("a/kept/new"), member("a/.wh..wh..opq")
    lay(rootfs, *((opaque, own) if early else (own, opaque)))
    assert tree(rootfs) == ["a", "a/kept", "a/kept/new"]


def test_files_replace_folders_and_folders_replace_files_and_links(rootfs: Path) -> None:
    lay(rootfs, member("a/x"), member("b"), link("c", "a"))
    lay(rootfs, member("a", "file"), folder("b"), member("b/y"), folder("c"), member("c/z"))
    assert tree(rootfs) == ["a", "b", "b/y", "c", "c/z"]
    assert not (rootfs / "c").is_symlink()


def test_modes_and_times_are_kept_without_special_bits(rootfs: Path) -> None:
    lay(rootfs, member("run", "x", mode=0o4755, mtime=86400), member("secret", mode=0o000))
    assert (rootfs / "run").stat().st_mode & 0o7777 == 0o755
    assert (rootfs / "run").stat().st_mtime == 86400
    assert (rootfs / "secret").stat().st_mode & 0o7777 == 0o600


def test_hard_links_share_their_file(rootfs: Path) -> None:
    lay(rootfs, member("a/x", "content"), link("b", "a/x", tarfile.LNKTYPE))
    assert (rootfs / "b").read_text() == "content"
    assert (rootfs / "b").stat().st_ino == (rootfs / "a/x").stat().st_ino


def test_a_file_that_replaces_a_hard_link_leaves_the_other_name_alone(rootfs: Path) -> None:
    lay(rootfs, member("x", "content"), link("y", "x", tarfile.LNKTYPE))
    lay(rootfs, member("y", "other"))
    assert (rootfs / "x").read_text() == "content"


def test_device_nodes_and_pipes_are_left_out(rootfs: Path) -> None:
    lay(rootfs, member("null", type=tarfile.CHRTYPE), member("pipe", type=tarfile.FIFOTYPE), member("file"))
    assert tree(rootfs) == ["file"]


def test_links_are_followed_as_inside_the_container(rootfs: Path) -> None:
    lay(rootfs, folder("run"), link("var", "/run"), link("up", "../../../run"))
    lay(rootfs, member("var/a"), member("up/b"))
    assert tree(rootfs / "run") == ["a", "b"]
    assert (rootfs / "var").is_symlink()


def test_a_link_never_leads_a_member_outside(rootfs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    lay(rootfs, link("evil", str(outside)), link("climb", "../" * 20 + str(outside)))
    lay(rootfs, member("evil/a"), member("climb/b"), member("evil/.wh.x"), link("hard", "evil/a", tarfile.LNKTYPE))
    assert list(outside.iterdir()) == []


def test_a_link_in_place_of_a_file_is_replaced_and_not_written_through(rootfs: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    lay(rootfs, link("file", str(victim)))
    lay(rootfs, member("file", "written"))
    assert victim.read_text() == "untouched"
    assert (rootfs / "file").read_text() == "written"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x"])
def test_a_name_that_climbs_is_refused(rootfs: Path, name: str) -> None:
    with pytest.raises(InputMissingError, match="leads outside the image"):
        lay(rootfs, member(name))


def test_a_circle_of_links_is_refused(rootfs: Path) -> None:
    lay(rootfs, link("a", "b"), link("b", "a"))
    with pytest.raises(InputMissingError, match="circle of symbolic links"):
        resolve_inside(rootfs, PurePosixPath("/a/x"))


def test_a_layer_of_several_gzip_members_is_read_to_its_end(rootfs: Path) -> None:
    layer = rootfs.parent / "layer"
    lay(rootfs, member("x", "1" * 5000), member("y", "2" * 5000))
    tar = gzip.decompress(layer.read_bytes())
    layer.write_bytes(gzip.compress(tar[:700]) + gzip.compress(tar[700:]))
    for path in rootfs.iterdir():
        path.unlink()
    apply_layer(layer, rootfs)
    assert tree(rootfs) == ["x", "y"]


def test_an_uncompressed_layer_is_read(rootfs: Path) -> None:
    layer = rootfs.parent / "layer"
    lay(rootfs, member("x", "1"))
    layer.write_bytes(gzip.decompress(layer.read_bytes()))
    (rootfs / "x").unlink()
    apply_layer(layer, rootfs)
    assert tree(rootfs) == ["x"]


def test_a_file_in_place_of_a_folder_is_damage(rootfs: Path) -> None:
    with pytest.raises(InputMissingError, match="damaged"):
        lay(rootfs, member("a", "file"), member("a/b", "file"))


def test_a_damaged_layer_is_said_to_be(rootfs: Path) -> None:
    layer = rootfs.parent / "layer"
    lay(rootfs, member("x", "content" * 1000))
    layer.write_bytes(layer.read_bytes()[:60])
    with pytest.raises(InputMissingError, match="damaged"):
        apply_layer(layer, rootfs)


# --- the cache ----------------------------------------------------------------------------------------------------


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "store")


def image(layout: ImageLayout, tmp_path: Path) -> str:
    source = tmp_path / "program"
    source.mkdir()
    for number in range(50):
        (source / f"module{number}.py").write_text("x = 1\n" * number)
    config = ImageConfig(entrypoint=("python", "serve.py"), cmd=("--fast",), env=(("A", "1=2"),), working_dir="/opt")
    return assemble(ImageRecipe(layers=(FolderLayer(source=source),), config=config), layout).digest


def test_an_image_is_unpacked_under_its_digest(layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path)
    unpacked = unpack(layout, digest, tmp_path / "cache")
    assert unpacked == UnpackedImage(
        digest=digest,
        rootfs=tmp_path / "cache" / digest.replace(":", "-") / "rootfs",
        entrypoint=("python", "serve.py"),
        cmd=("--fast",),
        env=(("A", "1=2"),),
        working_dir="/opt",
    )
    assert len(list((unpacked.rootfs / "opt/program").iterdir())) == 50


def test_an_image_is_unpacked_once_and_needs_its_layers_no_more(layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path)
    first = unpack(layout, digest, tmp_path / "cache")
    empty = ImageLayout(tmp_path / "empty")
    assert unpack(empty, digest, tmp_path / "cache") == first


def test_many_at_once_get_one_whole_image(layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path)
    counts: list[int] = []

    def one() -> None:
        rootfs = unpack(layout, digest, tmp_path / "cache").rootfs
        counts.append(len(list((rootfs / "opt/program").iterdir())))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [50] * 8
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 1


def test_what_a_killed_unpacker_left_is_not_taken_for_an_image(layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path)
    partial = tmp_path / "cache" / f".{digest.replace(':', '-')}.partial" / "rootfs"
    partial.mkdir(parents=True)
    (partial / "stray").write_text("")
    unpacked = unpack(layout, digest, tmp_path / "cache")
    assert [path.name for path in unpacked.rootfs.iterdir()] == ["opt"]
    assert not partial.exists()


def test_a_missing_layer_is_said_to_be(layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path)
    layout.blob_path(layout.manifest(digest).layers[0].digest).unlink()
    with pytest.raises(InputMissingError, match="pull the image again"):
        unpack(layout, digest, tmp_path / "cache")
