"""Reads many files at once: as many processes as there are processors, each of which is given some files at a time."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

from agent.data import reader
from agent.data.reader import ANSWER, BUFFER_SIZE, LENGTH, UNSTEADY
from agent.errors import InputMissingError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
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
_BATCHES_EACH = 2
"""While a process reads, its next files are asked for already: it need not wait until this one finds the time."""
_MS_BETWEEN_CHECKS = 100
PROGRAM = str(reader.__file__)
"""What those processes run."""


def read_all(files: Sequence[Found], clock: Clock) -> Generator[tuple[str, Content]]:
    """What is in each file, by its name.

    Raises InputMissingError for a file that cannot be read, TemporaryError for one that is being written to.
    """
    if len(files) < _ALONE_FILES and sum(file.stamp[0] for file in files) < _ALONE_BYTES:
        return _read_here(files, clock)
    return _read_in_processes(list(_batches(files)), clock)


def _read_here(files: Sequence[Found], clock: Clock) -> Generator[tuple[str, Content]]:
    buffer = bytearray(BUFFER_SIZE)
    for file in files:
        clock.check()
        try:
            content = reader.read(file.path, buffer, clock.check)
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


def _read_in_processes(batches: Sequence[Sequence[Found]], clock: Clock) -> Generator[tuple[str, Content]]:
    count = min(len(os.sched_getaffinity(0)), len(batches), _MOST_READERS)
    idle: SimpleQueue[_Reader] = SimpleQueue()

    def ask(batch: Sequence[Found]) -> list[tuple[str, Content]]:
        clock.check()
        reader = idle.get()
        try:
            return reader.ask(batch, clock)
        finally:
            idle.put(reader)

    with (
        contextlib.ExitStack() as started,
        ThreadPoolExecutor(count * _BATCHES_EACH, thread_name_prefix="read") as pool,
    ):
        readers = [started.enter_context(contextlib.closing(_Reader())) for _ in range(count)]
        for reader in readers * _BATCHES_EACH:
            idle.put(reader)
        try:
            for answers in pool.map(ask, batches):
                yield from answers
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for reader in readers:
                reader.end()
            raise


class _Reader:
    """A process that reads; it ends when nobody asks any more, whatever becomes of this one.

    Ctrl-C is not for it: this process is told, and ends in order.
    """

    def __init__(self) -> None:
        command, pipe = [sys.executable, "-I", "-S", PROGRAM], subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True)
        self._asking, self._answering = threading.Lock(), threading.Lock()
        self._answers = _pipe(self._process.stdout)
        self._some = select.poll()
        self._some.register(self._answers, select.POLLIN)

    def ask(self, batch: Sequence[Found], clock: Clock) -> list[tuple[str, Content]]:
        """What is in these files; InputMissingError and TemporaryError as :func:`read_all` says.

        Two threads may ask, who are answered in the order of their questions: who has asked lets nobody else ask
        before it is his turn to be answered.
        """
        paths = b"\0".join([os.fsencode(file.path) for file in batch])
        with contextlib.ExitStack() as turn:
            with self._asking:
                self._ask(LENGTH.pack(len(paths)) + paths)
                turn.enter_context(self._answering)
            answers = self._answer(ANSWER.size * len(batch), clock)
        read = []
        for file, (problem, *state, begun, digest) in zip(batch, ANSWER.iter_unpack(answers), strict=True):
            if problem:
                raise _unreadable(file, problem)
            size, written, changed, inode = state
            read.append((file.name, ((size, written, changed, inode), digest, begun)))
        return read

    def _ask(self, request: bytes) -> None:
        rest = memoryview(request)
        with contextlib.suppress(BrokenPipeError):  # then there is no answer, either
            while rest:
                rest = rest[os.write(_pipe(self._process.stdin), rest) :]

    def _answer(self, size: int, clock: Clock) -> bytes:
        answer = b""
        while len(answer) < size:
            while not self._some.poll(_MS_BETWEEN_CHECKS):
                clock.check()
            more = os.read(self._answers, size - len(answer))
            if not more:
                raise TemporaryError(f"the process that reads data ended with {self._process.wait()}; run again")
            answer += more
        return answer

    def end(self) -> None:
        """End it, in the middle of a file, too: it only reads."""
        self._process.kill()

    def close(self) -> None:
        """End it, once nobody asks any more."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def _pipe(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise RuntimeError("the process was started without a pipe")
    return pipe.fileno()


def _unreadable(file: Found, problem: int) -> InputMissingError | TemporaryError:
    if problem == UNSTEADY:
        return TemporaryError(f"{file.path} is being written to; run again when it is complete")
    return InputMissingError(f"{file.path} cannot be read: {os.strerror(problem)}")
