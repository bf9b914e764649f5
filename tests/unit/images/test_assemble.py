"""The same files and settings are the same image on every machine, and standard tools can read it."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError, UsageError
from agent.images.assemble import ImageRecipe, assemble
from agent.images.layer import FolderLayer
from agent.images.layout import ImageLayout
from agent.images.manifest import ImageConfig, decode_manifest, sha256_digest

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = ImageConfig(entrypoint=("python", "main.py"), env=(("A", "1"),), working_dir="/opt/program", user="1000")


def program(folder: Path) -> Path:
    """A folder with what images hold: programs, modules, folders, links, names beyond ASCII and long ones."""
    (folder / "sub/empty").mkdir(parents=True)
    (folder / "train").write_text("#!/usr/bin/env python\n")
    (folder / "train").chmod(0o755)
    (folder / "sub/módulo.py").write_text("x = 1\n")
    (folder / ("long" * 40)).write_text("")
    (folder / "link").symlink_to("sub/módulo.py")
    return folder


def build(folder: Path, store: Path, config: ImageConfig = CONFIG) -> str:
    return assemble(ImageRecipe(layers=(FolderLayer(source=folder),), config=config), ImageLayout(store)).digest


def members(layout: ImageLayout, digest: str) -> dict[str, tarfile.TarInfo]:
    blob = layout.blob_path(layout.manifest(digest).layers[0].digest).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob))) as archive:
        return {member.name: member for member in archive}


def test_times_owners_umask_and_order_do_not_change_the_digest(tmp_path: Path) -> None:
    first = program(tmp_path / "a")
    digest = build(first, tmp_path / "store")
    second = tmp_path / "b"
    second.mkdir()
    for path in sorted(program(tmp_path / "c").iterdir(), reverse=True):
        path.rename(second / path.name)
    (second / "train").chmod(0o700)
    (second / "sub/módulo.py").chmod(0o600)
    os.utime(second / "train", (1, 1))
    if os.geteuid() == 0:
        os.chown(second / "train", 12345, 12345)
    (second / "__pycache__").mkdir()
    (second / "__pycache__/x.pyc").write_text("compiled")
    assert build(second, tmp_path / "other") == digest


FIXED_DIGEST = "sha256:f27cd6f37c9dbb9b7080659c7c0bdd79f6a723ab63dceac9dccd3ade62ff95c2"


def test_the_digest_is_what_it_was_when_this_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "train").write_text("x" * 70000)
    assert build(folder, tmp_path / "store") == FIXED_DIGEST


@pytest.mark.parametrize("change", ["content", "mode", "name", "config"])
def test_anything_that_matters_changes_the_digest(tmp_path: Path, change: str) -> None:
    folder, config = program(tmp_path / "a"), CONFIG
    before = build(folder, tmp_path / "store", config)
    if change == "content":
        (folder / "train").write_text("other")
    elif change == "mode":
        (folder / "train").chmod(0o644)
    elif change == "name":
        (folder / "train").rename(folder / "serve")
    else:
        config = ImageConfig(entrypoint=("other",))
    assert build(folder, tmp_path / "store", config) != before


def test_the_layer_holds_the_files_under_their_target_and_nothing_of_the_builder(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "store")
    found = members(layout, build(program(tmp_path / "a"), layout.root))
    assert set(found) == {
        "opt", "opt/program", "opt/program/link", "opt/program/" + "long" * 40, "opt/program/sub",
        "opt/program/sub/empty", "opt/program/sub/módulo.py", "opt/program/train",
    }  # fmt: skip
    assert found["opt/program/train"].mode == 0o755
    assert found["opt/program/sub/módulo.py"].mode == 0o644
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in found.values()} == {
        (0, 0, "", 315532800)
    }


def test_the_manifest_is_docker_s_second_schema(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "store")
    digest = build(program(tmp_path / "a"), layout.root)
    raw = layout.read(digest)
    manifest = json.loads(raw)
    assert sha256_digest(raw) == digest
    assert manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert manifest["config"]["mediaType"] == "application/vnd.docker.container.image.v1+json"
    assert [layer["mediaType"] for layer in manifest["layers"]] == ["application/vnd.docker.image.rootfs.diff.tar.gzip"]
    for blob in (manifest["config"], *manifest["layers"]):
        data = layout.read(blob["digest"])
        assert (sha256_digest(data), len(data)) == (blob["digest"], blob["size"])


def test_the_configuration_names_the_layers_by_their_tar_streams(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "store")
    digest = build(program(tmp_path / "a"), layout.root)
    manifest = layout.manifest(digest)
    config = json.loads(layout.read(manifest.config.digest))
    tars = [gzip.decompress(layout.read(layer.digest)) for layer in manifest.layers]
    assert config["rootfs"] == {"type": "layers", "diff_ids": [sha256_digest(tar) for tar in tars]}
    assert config["config"]["Env"] == ["A=1"]
    assert layout.config(digest) == CONFIG


def test_layers_that_two_images_share_are_stored_once(tmp_path: Path) -> None:
    store, folder = tmp_path / "store", program(tmp_path / "a")
    build(folder, store)
    count = len(list((store / "blobs/sha256").iterdir()))
    build(folder, store, ImageConfig(cmd=("serve",)))
    assert len(list((store / "blobs/sha256").iterdir())) == count + 2


def test_names_point_at_images_and_can_move(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "store")
    images = [assemble(ImageRecipe(layers=(), config=ImageConfig(cmd=(word,))), layout) for word in ("old", "new")]
    assert layout.named("iris:1") is None
    for image in images:
        layout.name(image, "iris:1")
    assert layout.named("iris:1") == images[1].digest
    assert json.loads((layout.root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}


def test_a_blob_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "store")

    def fail() -> None:
        with layout.writer() as blob:
            blob.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list((layout.root / "blobs/sha256").iterdir()) == []


def test_what_cannot_be_in_an_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        build(tmp_path / "absent", tmp_path / "store")
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a/pipe")
    with pytest.raises(UsageError, match="pipe is neither file, folder nor symbolic link"):
        build(tmp_path / "a", tmp_path / "store")


def test_an_index_of_several_platforms_is_refused() -> None:
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
    with pytest.raises(InputMissingError, match=r"iris:1 is a .*index.*SageMaker takes no image indexes"):
        decode_manifest(json.dumps(index).encode(), "iris:1")
