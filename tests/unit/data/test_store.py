"""What the store holds is known from few requests, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.data.store import Store, in_parallel
from agent.data.version import File, LocalFile, Remote, version
from agent.errors import InputMissingError, InterruptedRunError, UsageError
from tests.fakes import MemoryObjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.data.version import Version


def store_with(keys: Iterable[str]) -> tuple[Store, MemoryObjects]:
    objects = MemoryObjects(kept={("bucket", key): b"x" for key in keys})
    return Store(objects=objects, bucket="bucket"), objects


def keys(numbers: Iterable[int]) -> list[str]:
    return [f"data/objects/{number:06}.csv" for number in numbers]


def file(name: str, content: str = "c" * 64) -> File:
    return File(name=name, content=content, size=1, origin=LocalFile(path=f"/data/{name}"))


@settings(max_examples=50, deadline=None)
@given(wanted=st.sets(st.integers(0, 6000), max_size=20), there=st.lists(st.integers(0, 6000), max_size=4).map(sorted))
def test_what_is_there_is_told_from_what_is_not(wanted: set[int], there: list[int]) -> None:
    spans = zip(there[::2], there[1::2], strict=False)
    held = set(keys(number for first, last in spans for number in range(first, last)))
    store, objects = store_with(held)
    assert set(store.sizes(keys(wanted))) == set(keys(wanted)) & held
    assert len(objects.calls) <= 2 * len(wanted)
    assert len(objects.calls) <= 2 * (len(held) // 1000 + 1) or len(objects.calls) <= len(wanted)


def test_a_few_files_in_a_large_store_cost_a_few_requests() -> None:
    store, objects = store_with(keys(range(20_000)))
    assert list(store.sizes(keys([3, 9_000, 19_999]))) == keys([3, 9_000, 19_999])
    assert len(objects.calls) <= 6


def test_many_files_in_a_store_of_their_own_cost_a_request_for_a_thousand() -> None:
    store, objects = store_with(keys(range(0, 20_000, 2)))
    assert len(store.sizes(keys(range(20_000)))) == 10_000
    assert len(objects.calls) == 11


def test_no_file_costs_no_request() -> None:
    store, objects = store_with([])
    assert store.sizes([]) == {}
    assert objects.calls == []


def test_the_manifest_comes_after_everything_that_it_names() -> None:
    store, objects = store_with([])
    files = [file("b"), file("a")]
    made = version("bucket", files, "training")
    taken = store.complete(made, lambda file: objects.create("bucket", file.key, b"x"))
    written = objects.made("PutObject")
    assert written[-2:] == [made.record_key, made.manifest_key]
    assert sorted(written[:-2]) == [file("a").key, file("b").key]
    assert (taken.size, taken.copied_files, taken.copied_bytes) == (2, 2, 2)
    assert store.holds(made)
    assert [(kept.name, kept.source) for kept in store.record(made.digest).files] == [
        ("a", "/data/a"),
        ("b", "/data/b"),
    ]


def many(changed: int | None = None) -> Version:
    """A version of 3,000 files, perhaps with one that another one has not."""
    files = [file(f"{number:06}", ("d" if number == changed else "c") * 64) for number in range(3000)]
    return version("bucket", files, "training")


def keep(store: Store, objects: MemoryObjects, made: Version) -> None:
    store.complete(made, lambda file: objects.create("bucket", file.key, b"x"))


def test_of_a_version_that_is_like_another_only_the_rest_is_asked_for() -> None:
    store, objects = store_with([])
    keep(store, objects, many())
    objects.calls.clear()
    missing = store.missing(many(changed=1234), like=many().digest)
    assert objects.made("GetObject") == [many().manifest_key]
    assert len(objects.made("ListObjectsV2")) == 1
    assert [kept.name for kept in missing.files] == ["001234"]
    assert missing == store.missing(many(changed=1234))


@pytest.mark.parametrize("kept", [None, b"[]", many().manifest.replace(b"c" * 64, b"d" * 64)])
def test_a_manifest_that_is_gone_or_another_one_proves_nothing(kept: bytes | None) -> None:
    store, objects = store_with([])
    if kept is not None:
        objects.create("bucket", many().manifest_key, kept)
    assert len(store.missing(many(), like=many().digest).files) == 3000


def test_a_size_that_nobody_knows_is_asked_for() -> None:
    store, objects = store_with([])
    unknown = Remote(url="https://example.org/z", sha256="c" * 64)
    made = version("bucket", [*many().files, File(name="z", content="c" * 64, size=None, origin=unknown)], "training")
    keep(store, objects, made)
    assert store.missing(made, like=made.digest).there[made.files[-1].key] == 1


def test_a_version_that_cannot_be_completed_is_not_there() -> None:
    store, objects = store_with([])
    made = version("bucket", [file("a"), file("b")], "training")

    def bring(file: File) -> int:
        if file.name == "b":
            raise InputMissingError("b is gone")
        return objects.create("bucket", file.key, b"x")

    with pytest.raises(InputMissingError, match="b is gone"):
        store.complete(made, bring)
    assert not store.holds(made)


def test_a_version_without_a_record_says_which_one() -> None:
    store, _ = store_with([])
    with pytest.raises(
        InputMissingError, match=r"data version 123 has no record: s3://bucket/data/manifests/123\.json"
    ):
        store.record("123")


def test_the_first_failure_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        raise InterruptedRunError("enough")

    with pytest.raises(InterruptedRunError):
        in_parallel(work, range(10_000))
    assert len(begun) < 10_000


# --- versions -----------------------------------------------------------------------------------------------------


def test_a_manifest_is_what_sagemaker_reads() -> None:
    made = version("bucket", [file("b/x.csv"), file("a ü.csv")], "training")
    assert made.manifest.decode() == (
        '[{"prefix":"s3://bucket/data/objects/"},' + f'"a ü.{"c" * 64}.csv","b/x.{"c" * 64}.csv"]'
    )


def test_a_version_is_named_by_names_and_contents_only() -> None:
    one = version("bucket", [file("a"), file("b")], "training")
    other = File(name="a", content="c" * 64, size=7, origin=LocalFile(path="/elsewhere"))
    assert version("bucket", [file("b"), other], "evaluation").digest == one.digest
    assert version("bucket", [file("a"), file("b", "d" * 64)], "training").digest != one.digest
    assert version("bucket", [file("a"), file("c")], "training").digest != one.digest


def test_two_files_of_one_name_are_told_apart() -> None:
    first, second = (File(name="a", content="c" * 64, size=1, origin=LocalFile(path=path)) for path in ("/1", "/2"))
    with pytest.raises(UsageError, match=r"data source `training`: /1 and /2 would both be 'a'; rename one"):
        version("bucket", [first, second], "training")
