"""Held-out rows for a check: the same ones always, in requests that SageMaker takes."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.artifacts import DataSet
from agent.deployment.sample import Row, batches, body, pick
from agent.errors import InputMissingError
from tests.fakes import MemoryObjects


def data_set(objects: MemoryObjects, *files: str) -> DataSet:
    """A data set of files with that text, as ``snapshot_data`` leaves it."""
    names = []
    for number, text in enumerate(files):
        names.append(f"evaluation/part-{number}.csv")
        objects.kept["bucket", f"data/objects/{names[-1]}"] = text.encode()
    manifest = json.dumps([{"prefix": "s3://bucket/data/objects/"}, *names]).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    objects.kept["bucket", f"data/manifests/{digest}.json"] = manifest
    return DataSet(
        name="evaluation",
        digest=digest,
        manifest=f"s3://bucket/data/manifests/{digest}.json",
        files=len(files),
        size=1,
    )


def numbered(count: int) -> str:
    return "".join(f"{number % 2},{number},x\n" for number in range(count))


def test_rows_are_label_and_features() -> None:
    objects = MemoryObjects()
    rows = pick(objects, data_set(objects, '1,5.1,"a b"\r\n\n"0",6.2,\n'), 10)
    assert rows == (Row(label="1", features=b'5.1,"a b"'), Row(label="0", features=b"6.2,"))


def test_a_quoted_label_may_have_commas_and_quotation_marks() -> None:
    objects = MemoryObjects()
    line = b'"red, ""dark""",5.1,"a,b"'
    (row,) = pick(objects, data_set(objects, line.decode()), 10)
    assert row == Row(label='red, "dark"', features=b'5.1,"a,b"')
    assert row.line == line


def test_all_files_are_drawn_from_in_the_order_of_the_data() -> None:
    objects = MemoryObjects()
    rows = pick(objects, data_set(objects, "a,1\nb,2\n", "c,3"), 10)
    assert [row.label for row in rows] == ["a", "b", "c"]


def test_the_same_data_gives_the_same_rows_which_are_not_just_the_first() -> None:
    objects = MemoryObjects()
    data = data_set(objects, numbered(1000))
    rows = pick(objects, data, 50)
    assert rows == pick(objects, data, 50)
    positions = [int(row.features.split(b",")[0]) for row in rows]
    assert positions == sorted(positions)
    assert len(set(positions)) == 50
    assert max(positions) > 500


def test_more_rows_contain_fewer() -> None:
    objects = MemoryObjects()
    data = data_set(objects, numbered(200))
    assert set(pick(objects, data, 20)) < set(pick(objects, data, 40))


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_no_rows_are_no_check(text: str) -> None:
    objects = MemoryObjects()
    with pytest.raises(InputMissingError, match="has no rows"):
        pick(objects, data_set(objects, text), 10)


def test_a_manifest_that_was_edited_is_refused() -> None:
    objects = MemoryObjects()
    data = data_set(objects, "a,1\n")
    objects.kept["bucket", f"data/manifests/{data.digest}.json"] += b" "
    with pytest.raises(InputMissingError, match="not the one of data set evaluation"):
        pick(objects, data, 10)


def test_a_manifest_that_is_gone_is_told() -> None:
    objects = MemoryObjects()
    data = data_set(objects, "a,1\n")
    del objects.kept["bucket", f"data/manifests/{data.digest}.json"]
    with pytest.raises(InputMissingError, match="there is no manifest"):
        pick(objects, data, 10)


rows = some.lists(some.builds(Row, label=some.just("1"), features=some.binary(max_size=40)), max_size=60)


@settings(deadline=None)
@given(rows=rows, most_bytes=some.integers(1, 100), most_rows=some.integers(1, 20))
def test_requests_stay_within_the_limits_and_lose_nothing(rows: list[Row], most_bytes: int, most_rows: int) -> None:
    packed = list(batches(rows, most_bytes, most_rows))
    assert [row for batch in packed for row in batch] == rows
    for batch in packed:
        assert 1 <= len(batch) <= most_rows
        assert len(body(batch)) <= most_bytes or len(batch) == 1
