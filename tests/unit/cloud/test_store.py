"""The store: what was saved is there again after any end of the process, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.cloud.store import Record, Store

if TYPE_CHECKING:
    from pathlib import Path


class Thing(Record):
    arn: str
    size: int = 0


def thing(name: str, *, account: str = "1", region: str = "r", size: int = 0) -> Thing:
    return Thing(account=account, region=region, name=name, arn=f"{account}:{region}:{name}", size=size)


def test_a_record_is_found_by_account_region_and_name() -> None:
    things = Store(None).collection("thing", Thing)
    things.save(thing("a"))
    assert things.get("1", "r", "a") == thing("a")
    assert things.get("2", "r", "a") is None
    assert things.get("1", "other", "a") is None


def test_saving_again_replaces() -> None:
    things = Store(None).collection("thing", Thing)
    things.save(thing("a", size=1))
    things.save(thing("a", size=2))
    assert things.every() == [thing("a", size=2)]


def test_records_of_an_account_and_region_are_apart_from_all_others() -> None:
    things = Store(None).collection("thing", Thing)
    for record in (thing("a"), thing("b", account="2"), thing("c", region="other")):
        things.save(record)
    assert things.of("1", "r") == [thing("a")]
    assert len(things.every()) == 3


def test_deleting_twice_is_harmless() -> None:
    things = Store(None).collection("thing", Thing)
    things.save(thing("a"))
    things.delete(thing("a"))
    things.delete(thing("a"))
    assert things.every() == []


def test_a_reopened_store_has_what_was_saved_and_not_what_was_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    things = store.collection("thing", Thing)
    for name in "abc":
        things.save(thing(name))
    things.delete(thing("b"))
    store.close()
    assert Store(tmp_path / "db").collection("thing", Thing).every() == [thing("a"), thing("c")]


def test_kinds_with_equal_names_are_apart(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.collection("left", Thing).save(thing("a", size=1))
    store.collection("right", Thing).save(thing("a", size=2))
    store.close()
    again = Store(tmp_path / "db")
    assert [again.collection(kind, Thing).every()[0].size for kind in ("left", "right")] == [1, 2]


def test_reset_empties_memory_and_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    things = store.collection("thing", Thing)
    things.save(thing("a"))
    store.reset()
    assert things.every() == []
    store.close()
    assert Store(tmp_path / "db").collection("thing", Thing).every() == []


def test_an_arn_is_known_while_its_record_is_there() -> None:
    store = Store(None)
    things = store.collection("thing", Thing)
    things.save(thing("a"))
    assert store.has("1", "r", "1:r:a")
    assert not store.has("2", "r", "1:r:a")
    things.delete(thing("a"))
    assert not store.has("1", "r", "1:r:a")


def test_what_was_saved_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from agent.cloud.store import *;"
        "things = Store(pathlib.Path(sys.argv[1])).collection('thing', Record);"
        "[things.save(Record(account='1', region='r', name=f'{n:04}')) for n in range(500)];"
        "print('saved', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"saved\n"
        os.kill(writer.pid, signal.SIGKILL)
    names = [record.name for record in Store(tmp_path / "db").collection("thing", Record).every()]
    assert names == [f"{number:04}" for number in range(500)]


def test_a_record_of_an_unknown_shape_is_refused_not_guessed(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.write("thing", ("1", "r", "a"), '{"account": "1", "region": "r", "name": "a", "colour": "red"}')
    with pytest.raises(ValidationError):
        store.collection("thing", Thing)


NAMES = st.text(min_size=1, max_size=3, alphabet="ab'\"%é ")
CHANGES = st.lists(st.tuples(st.sampled_from(["save", "delete"]), NAMES, st.sampled_from("12"), st.integers(0, 9)))


@given(CHANGES)
def test_a_reopened_store_equals_the_one_that_was_closed(changes: list[tuple[str, str, str, int]]) -> None:
    store = Store(None)
    things = store.collection("thing", Thing)
    expected: dict[tuple[str, str], Thing] = {}
    for change, name, account, size in changes:
        record = thing(name, account=account, size=size)
        if change == "save":
            expected[account, name] = things.save(record)
        else:
            things.delete(record)
            expected.pop((account, name), None)
    again = store.collection("thing", Thing)
    assert sorted(again.every(), key=str) == sorted(expected.values(), key=str) == sorted(things.every(), key=str)
