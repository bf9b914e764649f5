"""A file is read again only if it may have been written to since; many are read by several processes."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from agent.data.digests import digests, settled
from agent.data.folder import files_of
from agent.data.memory import remember, remembered
from agent.errors import InputMissingError, InterruptedRunError
from tests.fakes import FakeClock

HOUR = 3600 * 10**9

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(path: Path, text: str, *, age: int = HOUR) -> None:
    """A file that was written to so many ns ago, as far as its own times tell."""
    path.write_text(text)
    then = path.stat().st_mtime_ns - age
    os.utime(path, ns=(then, then))


def look(folder: Path, clock: FakeClock | None = None) -> dict[str, str]:
    found = files_of(folder, repository=folder.parent, source="training")
    known = digests(found, memory=memory_of(folder), clock=clock or FakeClock())
    return {file.name: digest.hex() for file, _, digest in known}


def memory_of(folder: Path) -> Path:
    return folder.parent / "memory" / "known"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_file_has_its_digest(folder: Path) -> None:
    for number in range(200):
        write(folder / f"{number}", f"{number}")
    assert look(folder) == {f"{number}": sha(f"{number}") for number in range(200)}


def test_what_is_unchanged_is_not_read_again(folder: Path) -> None:
    settle(folder, {"a": "1", "b": "2"})
    remember_as(folder, "a", "f" * 64)
    assert look(folder) == {"a": "f" * 64, "b": sha("2")}


def test_what_changed_is_read_again(folder: Path) -> None:
    settle(folder, {"a": "1", "b": "2"})
    write(folder / "b", "3")
    remember_as(folder, "a", "f" * 64)
    assert look(folder) == {"a": "f" * 64, "b": sha("3")}


def test_a_change_that_hides_its_time_and_size_is_noticed(folder: Path) -> None:
    settle(folder, {"a": "1"})
    before = (folder / "a").stat()
    (folder / "a").write_text("2")
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(folder) == {"a": sha("2")}


def test_another_file_under_the_same_name_is_read(folder: Path) -> None:
    settle(folder, {"a": "1"})
    write(folder / "new", "2")
    (folder / "new").rename(folder / "a")
    assert look(folder) == {"a": sha("2")}


def test_what_is_gone_is_forgotten(folder: Path) -> None:
    settle(folder, {"a": "1", "b": "2"})
    (folder / "b").unlink()
    assert look(folder) == {"a": sha("1")}
    assert list(remembered(memory_of(folder))) == ["a"]


def test_a_file_that_was_just_written_is_not_trusted_next_time(folder: Path) -> None:
    (folder / "a").write_text("1")
    later = (folder / "a").stat().st_mtime_ns + HOUR
    os.utime(folder / "a", ns=(later, later))
    look(folder)
    assert remembered(memory_of(folder)) == {}


@pytest.mark.parametrize(
    ("written", "changed", "begun", "expected"),
    [
        (5 * HOUR + 1, 5 * HOUR + 1, 6 * HOUR, True),
        (5 * HOUR + 1, 6 * HOUR - 1_000_001, 6 * HOUR, False),
        (6 * HOUR - 1_000_001, 5 * HOUR + 1, 6 * HOUR, False),
        (6 * HOUR - 100_000_001, 5 * HOUR, 6 * HOUR, True),
        (6 * HOUR, 6 * HOUR, 6 * HOUR + 1_900_000_000, False),
        (6 * HOUR, 6 * HOUR, 6 * HOUR + 2_100_000_000, True),
        (7 * HOUR + 1, 5 * HOUR + 1, 6 * HOUR, False),
    ],
)
def test_a_file_is_settled_when_a_later_write_would_show(
    written: int, changed: int, begun: int, expected: bool
) -> None:
    assert settled((1, written, changed, 7), begun) is expected


@pytest.mark.parametrize(
    "torn",
    [
        lambda kept: kept[:0],
        lambda kept: b"not a memory" + kept,
        lambda kept: kept[:-1],
        lambda kept: kept + b"b",
        lambda kept: bytes(len(kept)),
        lambda kept: kept.replace(b", 3\n", b", 2\n"),
        lambda kept: kept.replace(hashlib.sha256(b"1").digest(), hashlib.sha256(b"2").digest()),
    ],
    ids=["empty", "another file", "cut off", "longer", "zeros", "another format", "another digest"],
)
def test_a_memory_that_is_not_as_it_was_written_is_no_memory(folder: Path, torn: Callable[[bytes], bytes]) -> None:
    settle(folder, {"a": "1"})
    kept = memory_of(folder).read_bytes()
    memory_of(folder).write_bytes(torn(kept))
    assert remembered(memory_of(folder)) == {}
    assert look(folder) == {"a": sha("1")}


def test_without_a_place_to_remember_everything_is_read(folder: Path) -> None:
    write(folder / "a", "1")
    (folder.parent / "memory").write_text("a file is in the way")
    assert look(folder) == {"a": sha("1")}


def test_names_that_are_no_text_are_hashed_too(folder: Path) -> None:
    broken = os.fsdecode(b"broken\xff")
    write(folder / broken, "1")
    assert look(folder) == {broken: sha("1")} == look(folder)


def test_an_unreadable_file_is_named(folder: Path) -> None:
    write(folder / "a", "1")
    found = files_of(folder, repository=folder.parent, source="training")
    (folder / "a").unlink()
    with pytest.raises(InputMissingError, match=r"data/a cannot be read: No such file"):
        list(digests(found, memory=folder.parent / "known", clock=FakeClock()))


def test_the_size_is_that_of_what_was_read(folder: Path) -> None:
    write(folder / "a", "1")
    found = files_of(folder, repository=folder.parent, source="training")
    write(folder / "a", "22")
    ((_, size, digest),) = digests(found, memory=folder.parent / "known", clock=FakeClock())
    assert (size, digest.hex()) == (2, sha("22"))


def test_an_interrupted_run_reads_no_further(folder: Path) -> None:
    write(folder / "a", "1")
    with pytest.raises(InterruptedRunError):
        look(folder, FakeClock(interrupted=True))


def test_what_was_read_before_an_end_that_came_early_is_remembered(folder: Path) -> None:
    settle(folder, {"a": "1", "b": "2", "c": "3"})
    write(folder / "b", "4")
    write(folder / "c", "5")
    time.sleep(0.06)  # more than a tick: what is just written is read again in any case
    found = sorted(files_of(folder, repository=folder.parent, source="training"))
    reading = iter(digests(found, memory=memory_of(folder), clock=FakeClock()))
    assert [next(reading)[0].name, next(reading)[0].name] == ["a", "b"]
    del reading
    assert {name: digest.hex() for name, (_, digest) in remembered(memory_of(folder)).items()} == {
        "a": sha("1"),
        "b": sha("4"),
    }


def settle(folder: Path, texts: dict[str, str]) -> None:
    """Files that were looked at long after they were written."""
    for name, text in texts.items():
        write(folder / name, text)
    while remembered(memory_of(folder)).keys() != texts.keys():
        look(folder)


def remember_as(folder: Path, name: str, digest: str) -> None:
    """Put another digest into the memory, which a file that is read again does not have."""
    known = remembered(memory_of(folder))
    state, _ = known[name]
    remember(memory_of(folder), {**known, name: (state, bytes.fromhex(digest))})
