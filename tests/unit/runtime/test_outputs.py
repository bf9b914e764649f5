"""What containers wrote arrives in S3 as SageMaker would have put it there."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from agent.aws.objects import Location
from agent.runtime.outputs import (
    Destination,
    Uploaded,
    download_checkpoints,
    merged,
    upload_changed,
    upload_training_output,
)
from tests.unit.runtime.memory_store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = Destination(location=Location(bucket="b", key="models/iris-1/output"))
PLACE = Destination(location=Location(bucket="b", key="place/"))


def host(folder: Path, **files: str) -> Path:
    """An /opt/ml folder with these files."""
    (folder / "model").mkdir(parents=True)
    (folder / "output/data").mkdir(parents=True)
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def archive(store: MemoryStore, key: str) -> dict[str, str]:
    """The members of an archive in the store, with their content or link target."""
    with tarfile.open(fileobj=io.BytesIO(store.objects["b", key]), mode="r:gz") as tar:
        found = {}
        for member in tar:
            file = None if member.issym() else tar.extractfile(member)
            found[member.name] = file.read().decode() if file else f"-> {member.linkname}"
        return found


# --- training -----------------------------------------------------------------------------------------------------


def test_the_model_becomes_an_archive_with_names_relative_to_its_folder(tmp_path: Path) -> None:
    store = MemoryStore()
    job = host(tmp_path / "1", model__tree="t", model__sub__more="m", output__data__plot="p")
    artifact = upload_training_output([job], OUTPUT, store)
    assert artifact == "s3://b/models/iris-1/output/model.tar.gz"
    assert archive(store, "models/iris-1/output/model.tar.gz") == {"sub/more": "m", "tree": "t"}
    assert archive(store, "models/iris-1/output/output.tar.gz") == {"plot": "p"}


def test_an_empty_model_is_uploaded_and_empty_output_is_not(tmp_path: Path) -> None:
    store = MemoryStore()
    upload_training_output([host(tmp_path / "1")], OUTPUT, store)
    assert store.puts == ["models/iris-1/output/model.tar.gz"]
    assert archive(store, "models/iris-1/output/model.tar.gz") == {}


def test_models_of_several_hosts_are_merged_and_the_first_host_wins(tmp_path: Path) -> None:
    store = MemoryStore()
    hosts = [host(tmp_path / "1", model__a="1", model__b="1"), host(tmp_path / "2", model__b="2", model__c="2")]
    upload_training_output(hosts, OUTPUT, store)
    assert archive(store, "models/iris-1/output/model.tar.gz") == {"a": "1", "b": "1", "c": "2"}


def test_output_without_compression_is_a_tree(tmp_path: Path) -> None:
    store = MemoryStore()
    job = host(tmp_path / "1", model__sub__tree="t", output__data__plot="p")
    assert upload_training_output([job], OUTPUT, store, compressed=False) == "s3://b/models/iris-1/output/model/"
    assert sorted(store.puts) == ["models/iris-1/output/data/plot", "models/iris-1/output/model/sub/tree"]


def test_links_are_kept_as_links_and_lead_nothing_in(tmp_path: Path) -> None:
    store = MemoryStore()
    job = host(tmp_path / "1", model__v1="x")
    (tmp_path / "secret").write_text("secret")
    (job / "model/latest").symlink_to("v1")
    (job / "model/outside").symlink_to(tmp_path / "secret")
    (job / "model/folder").symlink_to(tmp_path)
    os.mkfifo(job / "model/pipe")
    upload_training_output([job], OUTPUT, store)
    found = archive(store, "models/iris-1/output/model.tar.gz")
    assert found == {
        "v1": "x", "latest": "-> v1", "outside": f"-> {tmp_path}/secret", "folder": f"-> {tmp_path}"
    }  # fmt: skip


def test_archives_do_not_tell_who_made_them(tmp_path: Path) -> None:
    store = MemoryStore()
    job = host(tmp_path / "1", model__tree="t")
    if os.geteuid() == 0:
        os.chown(job / "model/tree", 12345, 12345)
    upload_training_output([job], OUTPUT, store)
    with tarfile.open(fileobj=io.BytesIO(store.objects["b", "models/iris-1/output/model.tar.gz"])) as tar:
        assert [(member.uid, member.uname) for member in tar] == [(0, "")]


@pytest.mark.parametrize("compressed", [True, False])
def test_everything_is_written_under_the_key_asked_for(tmp_path: Path, compressed: bool) -> None:
    store = MemoryStore()
    job = host(tmp_path / "1", model__tree="t", output__data__plot="p")
    secret = Destination(location=OUTPUT.location, kms_key_id="key-1")
    upload_training_output([job], secret, store, compressed=compressed)
    assert set(store.keys_used.values()) == {"key-1"}


def test_merging_is_in_the_order_of_the_names(tmp_path: Path) -> None:
    folders = [host(tmp_path / "1", model__b="", model__a="") / "model", tmp_path / "absent"]
    assert list(merged(folders)) == ["a", "b"]


# --- checkpoints and processing outputs ---------------------------------------------------------------------------


def test_only_what_is_new_or_changed_is_uploaded_again(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "a").write_text("1")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b").write_text("1")
    first = upload_changed(tmp_path, PLACE, store)
    assert sorted(store.puts) == ["place/a", "place/sub/b"]
    store.puts.clear()
    assert upload_changed(tmp_path, PLACE, store, first) == first
    assert store.puts == []
    (tmp_path / "a").write_text("longer")
    (tmp_path / "c").write_text("new")
    upload_changed(tmp_path, PLACE, store, first)
    assert sorted(store.puts) == ["place/a", "place/c"]


def test_what_disappears_stays_in_s3(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "a").write_text("1")
    before = upload_changed(tmp_path, PLACE, store)
    (tmp_path / "a").unlink()
    upload_changed(tmp_path, PLACE, store, before)
    assert store.objects == {("b", "place/a"): b"1"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/link").symlink_to(tmp_path / "secret")
    (tmp_path / "out/folder").symlink_to(tmp_path)
    (tmp_path / "out/broken").symlink_to("nowhere")
    assert upload_changed(tmp_path / "out", PLACE, store) == Uploaded()
    assert store.puts == []


def test_a_folder_that_was_never_made_has_nothing_to_upload(tmp_path: Path) -> None:
    assert upload_changed(tmp_path / "absent", PLACE, MemoryStore()) == Uploaded()


def test_checkpoints_come_back_and_are_not_uploaded_again(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "run1/epoch").mkdir(parents=True)
    (tmp_path / "run1/epoch/3").write_text("weights")
    upload_changed(tmp_path / "run1", PLACE, store)
    store.puts.clear()
    known = download_checkpoints(PLACE.location, tmp_path / "run2", store)
    assert (tmp_path / "run2/epoch/3").read_text() == "weights"
    upload_changed(tmp_path / "run2", PLACE, store, known)
    assert store.puts == []


def test_the_first_run_has_no_checkpoints(tmp_path: Path) -> None:
    assert download_checkpoints(PLACE.location, tmp_path / "checkpoints", MemoryStore()) == Uploaded()
    assert (tmp_path / "checkpoints").is_dir()
