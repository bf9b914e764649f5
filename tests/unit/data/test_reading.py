"""Many files, and large ones, are read by several processes, which say the same of them as one would."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from agent.clock import SystemClock
from agent.data import reader, reading
from agent.data.folder import files_of
from agent.data.reading import read_all
from agent.errors import InputMissingError, InterruptedRunError, TemporaryError
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from agent.data.folder import Found

MANY = 1500
"""More than one process reads by itself."""


@pytest.fixture
def found(tmp_path: Path) -> list[Found]:
    for number in range(MANY):
        path = tmp_path / "data" / f"{number % 7}" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * number)
    (tmp_path / "data" / os.fsdecode(b"broken\xff")).write_bytes(b"1")
    (tmp_path / "data" / "empty").touch()
    (tmp_path / "data" / "large").write_bytes(bytes(5 * reader.BUFFER_SIZE + 1))
    return files_of(tmp_path / "data", repository=tmp_path, source="training")


def test_every_file_is_read_once_and_in_order(found: list[Found]) -> None:
    read = list(read_all(found, FakeClock()))
    assert [name for name, _ in read] == [file.name for file in found]
    for file, (_, (state, digest, _)) in zip(found, read, strict=True):
        with open(file.path, "rb") as content:  # noqa: PTH123 - the name may be no text
            assert (state, digest) == (file.stamp, hashlib.file_digest(content, "sha256").digest())


def test_few_large_files_are_read_by_several_processes_too(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(bytes([number]) * (17 << 20))
    found = files_of(tmp_path, repository=tmp_path, source="training")
    read = {name: digest for name, (_, digest, _) in read_all(found, FakeClock())}
    assert read == {f"{number}": hashlib.sha256(bytes([number]) * (17 << 20)).digest() for number in range(5)}


def test_an_unreadable_file_among_many_is_named(found: list[Found]) -> None:
    gone = found[MANY // 2].path
    os.unlink(gone)  # noqa: PTH108 - the name may be no text
    with pytest.raises(InputMissingError, match=rf"{gone} cannot be read: No such file"):
        list(read_all(found, FakeClock()))


def test_an_interrupted_run_reads_no_further(found: list[Found]) -> None:
    with pytest.raises(InterruptedRunError):
        list(read_all(found, FakeClock(interrupted=True)))


def test_a_reader_that_dies_is_told_of(found: list[Found], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dies = tmp_path / "dies.py"
    dies.write_text("import sys; sys.stdin.buffer.read(8); sys.exit(9)")
    monkeypatch.setattr(reading, "PROGRAM", str(dies))
    with pytest.raises(TemporaryError, match="the process that reads data ended with 9; run again"):
        list(read_all(found, FakeClock()))


def test_a_run_that_is_told_to_end_does_not_wait_for_a_file(
    found: list[Found], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reads_on, begun = tmp_path / "reads_on.py", tmp_path / "begun"
    reads_on.write_text(f"import os, time; open({str(begun)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(300)")
    monkeypatch.setattr(reading, "PROGRAM", str(reads_on))
    clock = SystemClock()
    threading.Timer(1, clock.interrupt).start()
    started = time.monotonic()
    with pytest.raises(InterruptedRunError):
        list(read_all(found, clock))
    assert time.monotonic() - started < 60
    assert begun.read_text()
    for process in begun.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(process), 0)


def test_who_wants_no_more_does_not_wait_for_a_file(
    found: list[Found], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.py"
    answer_once = f"sys.stdout.buffer.write(bytes({64 * reader.ANSWER.size})); sys.stdout.flush()"
    slow.write_text(f"import sys, time; {answer_once}; time.sleep(300)")
    monkeypatch.setattr(reading, "PROGRAM", str(slow))
    started = time.monotonic()
    read = read_all(found, FakeClock())
    assert next(read)[0] == found[0].name
    read.close()
    assert time.monotonic() - started < 60


def test_a_reader_ends_in_the_middle_of_a_file_when_nobody_asks_any_more(tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 43)
    command, pipe = [sys.executable, "-I", "-S", reading.PROGRAM], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        process.stdin.write(reader.LENGTH.pack(len(bytes(endless))) + bytes(endless))
        process.stdin.flush()
        time.sleep(0.2)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_file_that_is_written_to_whenever_it_is_read_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"")

    def grow(descriptor: int, into: list[bytearray], readv: object = os.readv) -> int:
        with file.open("ab") as growing:
            growing.write(b"more")
        return 0

    monkeypatch.setattr(os, "readv", grow)
    assert reader.read(str(file), bytearray(1)) is None
