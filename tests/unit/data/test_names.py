"""Files keep names that jobs can use, and no two files or contents ever share an object."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.data.names import content_of_object, file_name, key, name_and_sha256
from agent.errors import UsageError

C, D = "c" * 64, "d" * 64
E = content_of_object("etag", 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iris.csv", f"iris.{C}.csv"),
        ("train/iris.csv", f"train/iris.{C}.csv"),
        ("a b/ü%+#.csv.gz", f"a b/ü%+#.{C}.csv.gz"),
        ("x.parquet.snappy", f"x.{C}.parquet.snappy"),
        ("2026.11.20-rows.csv", f"2026.11.20-rows.{C}.csv"),
        ("model.v1.2", f"model.v1.{C}.2"),
        ("_SUCCESS", f"_SUCCESS.{C}"),
        (".hidden", f".hidden.{C}"),
        (".hidden.gz", f".hidden.{C}.gz"),
        ("x.", f"x..{C}"),
        ("x.a suffix", f"x.a suffix.{C}"),
        (f"x.{D}.csv", f"x.{D}.{C}.csv"),
        (f"x.{D}", f"x.{D}.{C}"),
    ],
)
def test_the_content_stands_ahead_of_the_suffix(name: str, expected: str) -> None:
    assert key(name, C) == f"data/objects/{expected}"


TOKENS = st.one_of(
    st.sampled_from(["csv", "gz", "", "a", "json", "xz", C, D, E, "GZ", "tar", "x" * 17]),
    st.text(string.ascii_letters + "é-_ %", max_size=4),
)
NAMES = st.lists(st.lists(TOKENS, min_size=1, max_size=4).map(".".join), min_size=1, max_size=2).map("/".join)
CONTENTS = st.sampled_from([C, D, E])


@given(first=st.tuples(NAMES, CONTENTS), second=st.tuples(NAMES, CONTENTS))
def test_different_files_are_different_objects(first: tuple[str, str], second: tuple[str, str]) -> None:
    assume(first != second)
    assert key(*first) != key(*second)


@given(name=NAMES, content=CONTENTS)
def test_a_key_is_taken_apart_again(name: str, content: str) -> None:
    assert name_and_sha256(key(name, content)) == (name, None if content == E else content)


@given(content=CONTENTS, stem=st.lists(TOKENS, min_size=1, max_size=3).map(".".join), moved=TOKENS)
def test_a_name_that_looks_like_a_key_takes_nobody_s_place(content: str, stem: str, moved: str) -> None:
    file = f"{stem}.{moved}"
    pretender = key(file, content).removeprefix("data/objects/")
    assert key(pretender, C) not in {key(file, other) for other in (C, D, E)}


def test_contents_of_files_and_of_objects_are_never_taken_for_each_other() -> None:
    assert content_of_object("e", 1) != content_of_object("e", 11)
    assert content_of_object("e", 1) != content_of_object("e1", 1)
    assert len({len(content_of_object("e", 1)), len(C)}) == 2


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "iris.csv",
        "a b/c d.csv",
        "100%.csv",
        "ü/ß.csv",
        "日本/語.csv",
        "a+b&c#d?.csv",
        "...csv",
        "a\\b",
        "x" * 185,
        "👍.csv",
    ],
)
def test_ordinary_and_odd_names_are_kept(name: str) -> None:
    assert file_name(name, "training") == name


def test_a_name_is_the_same_whichever_way_a_system_writes_its_accents() -> None:
    assert file_name("u\u0308.csv", "training") == "\u00fc.csv"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a\nb", "has a character that S3 cannot list"),
        ("a\x7fb", "has a character that S3 cannot list"),
        ("a\ufffeb", "has a character that S3 cannot list"),
        ("broken\udcff", "has a character that S3 cannot list"),
        ("a//b", "has an empty part"),
        ("/a", "has an empty part"),
        ("a/", "has an empty part"),
        ("a/../b", "has a part that is `.` or `..`"),
        ("./b", "has a part that is `.` or `..`"),
        ("x" * 186, "has a name that is too long: 185 bytes"),
        ("ü" * 93, "has a name that is too long: 185 bytes"),
        ("x" * 256 + "/a", "has a name that is too long"),
        ("/".join(["x" * 180] * 5), "has a path that is too long: 872 bytes"),
    ],
)
def test_other_names_are_refused(name: str, problem: str) -> None:
    with pytest.raises(UsageError, match=r"data source `training`: the file .*; rename it") as error:
        file_name(name, "training")
    assert problem in str(error.value)


@given(st.text(max_size=60))
def test_every_name_is_kept_or_refused(name: str) -> None:
    try:
        kept = file_name(name, "training")
    except UsageError:
        return
    assert len(key(kept, E).encode()) <= 955
    assert file_name(kept, "training") == kept
    assert all(part not in {"", ".", ".."} and len(part.encode()) <= 255 for part in key(kept, E).split("/"))
