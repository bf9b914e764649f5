"""A channel's folder holds what SageMaker would have put there, and refusals are in SageMaker's words."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ExitCode, UsageError
from agent.runtime.channels import ChannelError, ChannelSource, Reader, local_name, materialise, shard
from tests.unit.runtime.memory_store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

READER = Reader(region="us-east-1", role_arn="arn:aws:iam::111111111111:role/job")


def store(**objects: bytes) -> MemoryStore:
    return MemoryStore(objects={("b", key.replace("__", "/")): content for key, content in objects.items()})


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- S3Prefix -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "key", "name"),
    [
        ("train/", "train/a.csv", "a.csv"),
        ("train", "train/a.csv", "a.csv"),
        ("train", "train/deep/a.csv", "deep/a.csv"),
        ("data/part", "data/part-1.csv", "part-1.csv"),
        ("data/part", "data/part/1.csv", "1.csv"),
        ("data/a.csv", "data/a.csv", "a.csv"),
        ("train", "train2/a.csv", "train2/a.csv"),
        ("", "a/b", "a/b"),
    ],
)
def test_names_in_the_folder_are_relative_to_the_prefix(prefix: str, key: str, name: str) -> None:
    assert local_name(prefix, key) == name


def test_a_prefix_is_downloaded_as_a_tree_without_folder_markers(tmp_path: Path) -> None:
    objects = store(train__a=b"1", train__sub__b=b"2", other__c=b"3")
    objects.objects["b", "train/"] = b""
    objects.objects["b", "train/empty/"] = b""
    materialise(ChannelSource(uri="s3://b/train"), tmp_path / "training", objects, READER)
    assert files(tmp_path / "training") == {"a": b"1", "sub/b": b"2"}


def test_downloads_run_side_by_side_but_not_all_at_once(tmp_path: Path) -> None:
    objects = MemoryStore(objects={("b", f"d/{number}"): b"x" * 10_000 for number in range(300)})
    materialise(ChannelSource(uri="s3://b/d/"), tmp_path, objects, READER)
    assert len(files(tmp_path)) == 300
    assert objects.most_at_once <= 8


@pytest.mark.parametrize("uri", ["s3://b/train/", "s3://b/none", "s3://absent/train"])
def test_nothing_found_is_said_in_sagemaker_s_words(tmp_path: Path, uri: str) -> None:
    objects = store(other=b"")
    objects.objects["b", "train/"] = b""
    with pytest.raises(ChannelError) as error:
        materialise(ChannelSource(uri=uri), tmp_path, objects, READER)
    bucket = uri.split("/")[2]
    assert str(error.value).startswith(
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists '
        "in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "
        f'"arn:aws:iam::111111111111:role/job" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )
    assert error.value.exit_code == ExitCode.INPUT_MISSING


@pytest.mark.parametrize(
    ("forbidden", "words"),
    [
        ("ListObjectsV2", r'has "s3:ListBucket" permissions on bucket "b"\. Error message from S3: Access Denied'),
        ("GetObject", r"Data download failed:AccessDenied \(403\): Access Denied \(s3://b/train/a\)"),
    ],
)
def test_a_missing_permission_is_said_with_s3_s_words(tmp_path: Path, forbidden: str, words: str) -> None:
    objects = store(train__a=b"1")
    objects.forbidden.add(forbidden)
    with pytest.raises(ChannelError, match=words):
        materialise(ChannelSource(uri="s3://b/train/"), tmp_path, objects, READER)


def test_an_object_that_is_both_a_folder_and_a_file_is_refused(tmp_path: Path) -> None:
    objects = store(train__a=b"1", train__a__b=b"2")
    with pytest.raises(ChannelError, match="no object that is both a folder as well as a file"):
        materialise(ChannelSource(uri="s3://b/train/"), tmp_path, objects, READER)


def test_a_key_that_climbs_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    objects = MemoryStore(objects={("b", "train/../../evil"): b""})
    with pytest.raises(ChannelError, match="has no name that could be a file's"):
        materialise(ChannelSource(uri="s3://b/train/"), tmp_path / "in", objects, READER)
    assert files(tmp_path) == {}


def test_gzip_files_are_unpacked_where_the_channel_asks_for_it(tmp_path: Path) -> None:
    objects = MemoryStore(objects={("b", "t/a.csv.gz"): gzip.compress(b"1,2\n"), ("b", "t/b.csv"): b"plain"})
    materialise(ChannelSource(uri="s3://b/t/", compression="Gzip"), tmp_path / "1", objects, READER)
    materialise(ChannelSource(uri="s3://b/t/"), tmp_path / "2", objects, READER)
    assert files(tmp_path / "1") == {"a.csv": b"1,2\n", "b.csv": b"plain"}
    assert set(files(tmp_path / "2")) == {"a.csv.gz", "b.csv"}


def test_a_damaged_gzip_file_is_said_to_be(tmp_path: Path) -> None:
    objects = store(t__a=gzip.compress(b"content" * 100)[:20])
    with pytest.raises(ChannelError, match=r"s3://b/t/a cannot be decompressed"):
        materialise(ChannelSource(uri="s3://b/t/", compression="Gzip"), tmp_path, objects, READER)


def test_an_unknown_data_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="S3DataType Converse is not supported"):
        materialise(ChannelSource(uri="s3://b/t", data_type="Converse"), tmp_path, store(), READER)


# --- manifests ----------------------------------------------------------------------------------------------------


def manifest(*names: str, prefix: str = "s3://b/data/") -> bytes:
    return json.dumps([{"prefix": prefix}, *names]).encode()


def test_a_manifest_names_exactly_what_is_downloaded(tmp_path: Path) -> None:
    objects = store(m=manifest("a/1.csv", "2.csv"), data__a__1_csv=b"")
    objects.objects |= {("b", "data/a/1.csv"): b"1", ("b", "data/2.csv"): b"2", ("b", "data/3.csv"): b"3"}
    materialise(ChannelSource(uri="s3://b/m", data_type="ManifestFile"), tmp_path, objects, READER)
    assert files(tmp_path) == {"a/1.csv": b"1", "2.csv": b"2"}


@pytest.mark.parametrize(
    "text", [b"no json", b"[]", b"{}", b'["a"]', b'[{"prefix": "s3://b/"}]', b'[{"prefix": 3}, "a"]']
)
def test_a_malformed_manifest_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ChannelError, match="Manifest file s3://b/m is not valid"):
        materialise(ChannelSource(uri="s3://b/m", data_type="ManifestFile"), tmp_path, store(m=text), READER)


def test_an_object_that_a_manifest_names_in_vain_is_said(tmp_path: Path) -> None:
    source = ChannelSource(uri="s3://b/m", data_type="ManifestFile")
    with pytest.raises(ChannelError, match=r"Data download failed:NoSuchKey \(404\): .* \(s3://b/data/lost\)"):
        materialise(source, tmp_path, store(m=manifest("lost")), READER)


def test_a_manifest_that_is_missing_itself_is_said(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match='No S3 objects found under S3 URL "s3://b/m"'):
        materialise(ChannelSource(uri="s3://b/m", data_type="ManifestFile"), tmp_path, store(), READER)


def test_an_augmented_manifest_brings_its_objects_and_points_at_them(tmp_path: Path) -> None:
    lines = b'{"source-ref": "s3://b/img/1", "label": 1, "extra": 2}\n\n{"source-ref": "s3://b/img/2", "label": 0}\n'
    source = ChannelSource(uri="s3://b/m", data_type="AugmentedManifestFile", attributes=("source-ref", "label"))
    materialise(source, tmp_path, store(m=lines, img__1=b"one", img__2=b"two"), READER)
    records = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert records == [{"source-ref": "b/img/1", "label": 1}, {"source-ref": "b/img/2", "label": 0}]
    assert [(tmp_path / record["source-ref"]).read_bytes() for record in records] == [b"one", b"two"]


@pytest.mark.parametrize("line", [b"no json", b"[1]", b'{"label": 1}', b'{"source-ref": "x"}'])
def test_a_malformed_augmented_manifest_is_refused(tmp_path: Path, line: bytes) -> None:
    source = ChannelSource(uri="s3://b/m", data_type="AugmentedManifestFile", attributes=("source-ref",))
    with pytest.raises(ChannelError, match="Augmented manifest file s3://b/m is not valid"):
        materialise(source, tmp_path, store(m=line), READER)


# --- shards -------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(), unique=True), st.integers(1, 20))
def test_shards_partition_the_keys_evenly(keys: list[str], count: int) -> None:
    shards = [shard(keys, index, count) for index in range(count)]
    assert sorted(key for part in shards for key in part) == sorted(keys)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("data_type", ["S3Prefix", "ManifestFile", "AugmentedManifestFile"])
def test_sharded_hosts_get_each_object_once(tmp_path: Path, data_type: str) -> None:
    names = [f"{number}.csv" for number in range(7)]
    objects = MemoryStore(objects={("b", f"data/{name}"): b"" for name in names})
    uri = "s3://b/data/"
    if data_type != "S3Prefix":
        uri = "s3://b/m"
        references = "\n".join(json.dumps({"source-ref": f"s3://b/data/{name}"}) for name in names)
        objects.objects["b", "m"] = manifest(*names) if data_type == "ManifestFile" else references.encode()
    source = ChannelSource(uri=uri, data_type=data_type, distribution="ShardedByS3Key")
    seen: list[str] = []
    for index in range(3):
        reader = Reader(region="us-east-1", role_arn="role", index=index, count=3)
        materialise(source, tmp_path / str(index), objects, reader)
        seen += [path.name for path in (tmp_path / str(index)).rglob("*.csv")]
    assert sorted(seen) == names


def test_replicated_hosts_get_everything(tmp_path: Path) -> None:
    reader = Reader(region="us-east-1", role_arn="role", index=2, count=3)
    materialise(ChannelSource(uri="s3://b/t/"), tmp_path, store(t__a=b"", t__b=b""), reader)
    assert set(files(tmp_path)) == {"a", "b"}
