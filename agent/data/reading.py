"""Reads many files at once: as many processes as there are processors, each of which is given some files at a time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

from agent.data import reader
from agent.data.reader import ANSWER, BUFFER_SIZE, LENGTH, UNSTEADY
from agent.errors import InputMissingError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from agent.data.folder import Found
    from agent.data.reader import Content
    from agent.ports.time import Clock

_BATCH_FILES = 64
_BATCH_BYTES = 16 << 20
_ALONE_BYTES = 64 << 20
_ALONE_FILES = 1000
"""Less than so much is read before another process would have started."""
_MOST_READERS = 16
PROGRAM = str(reader.__file__)
"""What those processes run."""


def read_all(files: Sequence[Found], clock: Clock) -> Iterator[tuple[str, Content]]:
    """What is in each file, by its name.

    Raises InputMissingError for a file that cannot be read, TemporaryError for one that is being written to.
    """
    if len(files) < _ALONE_FILES and sum(file.stamp[0] for file in files) < _ALONE_BYTES:
        return _read_here(files, clock)
    return _read_in_processes(list(_batches(files)), clock)


def _read_here(files: Sequence[Found], clock: Clock) -> Iterator[tuple[str, Content]]:
    buffer = bytearray(BUFFER_SIZE)
    for file in files:
        clock.check()
        try:
            content = reader.read(file.path, buffer)
        except OSError as error:
            raise _unreadable(file, error.errno or 0) from error
        if content is None:
            raise _unreadable(file, UNSTEADY)
        yield file.name, content


def _batches(files: Sequence[Found]) -> Iterator[Sequence[Found]]:
    """The files in order, some at a time: enough to be worth asking for, little enough to share them out evenly."""
    first, size = 0, 0
    for at, file in enumerate(files):
        if at > first and (at - first >= _BATCH_FILES or size + file.stamp[0] > _BATCH_BYTES):
            yield files[first:at]
            first, size = at, 0
        size += file.stamp[0]
    yield files[first:]


def _read_in_processes(batches: Sequence[Sequence[Found]], clock: Clock) -> Iterator[tuple[str, Content]]:
    count = min(len(os.sched_getaffinity(0)), len(batches), _MOST_READERS)
    idle: SimpleQueue[_Reader] = SimpleQueue()

    def ask(batch: Sequence[Found]) -> list[tuple[str, Content]]:
        clock.check()
        reader = idle.get()
        try:
            return reader.ask(batch)
        finally:
            idle.put(reader)

    with contextlib.ExitStack() as started, ThreadPoolExecutor(count, thread_name_prefix="read") as pool:
        for _ in range(count):
            idle.put(started.enter_context(contextlib.closing(_Reader())))
        try:
            for answers in pool.map(ask, batches):
                yield from answers
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Reader:
    """A process that reads; it ends when nobody asks any more, whatever becomes of this one.

    Ctrl-C is not for it: this process is told, and ends in order.
    """

    def __init__(self) -> None:
        command, pipe = [sys.executable, "-I", "-S", PROGRAM], subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)

    def ask(self, batch: Sequence[Found]) -> list[tuple[str, Content]]:
        """What is in these files; InputMissingError and TemporaryError as :func:`read_all` says."""
        paths = b"\0".join([os.fsencode(file.path) for file in batch])
        answers = self._answers(LENGTH.pack(len(paths)) + paths, ANSWER.size * len(batch))
        read = []
        for file, (problem, *state, begun, digest) in zip(batch, ANSWER.iter_unpack(answers), strict=True):
            if problem:
                raise _unreadable(file, problem)
            size, written, changed, inode = state
            read.append((file.name, ((size, written, changed, inode), digest, begun)))
        return read

    def _answers(self, request: bytes, size: int) -> bytes:
        with contextlib.suppress(BrokenPipeError):  # then there is no answer, either
            self._requests.write(request)
            self._requests.flush()
        answers = self._process.stdout.read(size) if self._process.stdout else b""
        if len(answers) < size:
            raise TemporaryError(f"the process that reads data ended with {self._process.wait()}; run again")
        return answers

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(BrokenPipeError):  # it has ended before it was asked
            self._requests.close()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait()

    @property
    def _requests(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise RuntimeError("the process was started without a pipe")
        return self._process.stdin


def _unreadable(file: Found, problem: int) -> InputMissingError | TemporaryError:
    if problem == UNSTEADY:
        return TemporaryError(f"{file.path} is being written to; run again when it is complete")
    return InputMissingError(f"{file.path} cannot be read: {os.strerror(problem)}")
