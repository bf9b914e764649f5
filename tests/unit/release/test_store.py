"""Releases are found by their digests, and read only as they were written."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputMissingError, UsageError
from agent.ledger.ledger import Ledger
from agent.ports.objects import Listed
from agent.release.statement import encode, release_digest
from agent.release.store import ReleaseStore
from tests.fakes import EPOCH, MemoryObjects
from tests.unit.pipeline_steps.vouched import release
from tests.unit.release.releases import releases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import Release


class DatedObjects(MemoryObjects):
    """Each object is a minute younger than the one written before it."""

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[Listed]:
        order = list(self.kept)
        for listed in super().list(bucket, prefix, after=after):
            age = timedelta(minutes=order.index((bucket, listed.key)))
            yield Listed(key=listed.key, size=listed.size, etag=listed.etag, modified=EPOCH + age)


@pytest.fixture
def objects() -> MemoryObjects:
    return DatedObjects()


@pytest.fixture
def store(objects: MemoryObjects) -> ReleaseStore:
    return ReleaseStore(Ledger(objects, "bucket"))


def key(digest: str) -> tuple[str, str]:
    return "bucket", f"ledger/releases/{digest}.json"


def test_a_release_is_read_as_it_was_written(store: ReleaseStore, objects: MemoryObjects) -> None:
    digest = store.write(release())
    assert store.read(digest) == release()
    assert objects.kept[key(digest)] == encode(release())
    assert hashlib.sha256(objects.kept[key(digest)]).hexdigest() == digest


def test_a_release_is_written_once(store: ReleaseStore, objects: MemoryObjects) -> None:
    assert store.write(release()) == store.write(release())
    assert len(objects.kept) == 1


def test_a_changed_release_is_refused_with_the_digest_expected_and_found(
    store: ReleaseStore, objects: MemoryObjects
) -> None:
    digest = store.write(release())
    changed = objects.kept[key(digest)].replace(b'"trees":"150"', b'"trees":"151"')
    objects.kept[key(digest)] = changed
    with pytest.raises(
        InputMissingError, match=f"expected sha256 {digest}, found {hashlib.sha256(changed).hexdigest()}"
    ):
        store.read(digest)


@given(made=releases(), where=st.integers(0), what=st.integers(1, 255))
def test_no_edited_byte_goes_unnoticed(made: Release, where: int, what: int) -> None:
    objects = MemoryObjects()
    store = ReleaseStore(Ledger(objects, "bucket"))
    digest = store.write(made)
    content = bytearray(objects.kept[key(digest)])
    content[where % len(content)] ^= what
    objects.kept[key(digest)] = bytes(content)
    with pytest.raises(InputMissingError, match="is not the release that its name says"):
        store.read(digest)


def test_a_changed_release_is_not_taken_for_the_one_to_write(store: ReleaseStore, objects: MemoryObjects) -> None:
    digest = store.write(release())
    objects.kept[key(digest)] = b"{}"
    with pytest.raises(InputMissingError, match="is not the release that its name says"):
        store.write(release())


def test_a_release_that_is_not_there_is_said_to_be(store: ReleaseStore) -> None:
    with pytest.raises(InputMissingError, match=f"the ledger has no s3://bucket/ledger/releases/{'0' * 64}.json"):
        store.read("0" * 64)


def test_six_digits_name_a_release(store: ReleaseStore) -> None:
    digest = store.write(release())
    assert store.find(digest[:6]) == digest
    assert store.find(digest) == digest


@pytest.mark.parametrize("prefix", ["", "12345", "xyz123", "../../", "ABCDEF"])
def test_what_names_no_release_is_a_mistake(store: ReleaseStore, prefix: str) -> None:
    with pytest.raises(UsageError, match="give at least 6 hexadecimal digits"):
        store.find(prefix)


def test_digits_of_no_release_find_none(store: ReleaseStore) -> None:
    with pytest.raises(InputMissingError, match="no release 123456"):
        store.find("123456")


def test_digits_of_several_releases_are_told_apart(store: ReleaseStore, objects: MemoryObjects) -> None:
    both = "abcdef1" + "0" * 57, "abcdef2" + "0" * 57
    for digest in both:
        objects.kept[key(digest)] = b"{}"
    with pytest.raises(UsageError, match=f"names several releases, give more digits: {both[0]}, {both[1]}"):
        store.find("abcdef")
    assert store.find("abcdef2") == both[1]


def test_all_releases_come_newest_first_from_one_listing(store: ReleaseStore, objects: MemoryObjects) -> None:
    digests = [store.write(release(run=f"run-{number}")) for number in range(5)]
    objects.calls.clear()
    assert store.all() == tuple(reversed(digests))
    assert [call.operation for call in objects.calls] == ["ListObjectsV2"]


def test_the_first_release_of_a_content_key_counts(store: ReleaseStore) -> None:
    first, second = release(run="first"), release(run="second")
    assert store.first("key", first) == first
    assert store.first("key", second) == first
    assert store.first("other", second) == second
    assert store.all() == ()
    assert release_digest(first) != release_digest(second)
