"""Makes predictions of what batch transform answered: a file of answers for each file of rows, in their order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.data.manifest import objects_of
from agent.errors import InputMissingError, UserCodeFailedError
from agent.evaluation.extra import require_statistics
from agent.evaluation.prediction_files import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.artifacts import DataSet
    from agent.aws.objects import Location
    from agent.config.predictions import Predictions
    from agent.evaluation.prediction_files import Place
    from agent.ports.objects import Objects

_SUFFIX = ".out"
"""What batch transform adds to the name of a file (API reference, ``TransformOutput``)."""


def make_predictions(
    data: DataSet, answers: Place, into: Place, settings: Predictions, objects: Objects, *, check: Callable[[], object]
) -> None:
    """Write `predictions.parquet` of the rows of ``data`` and the answers to them, which take their space here for it.

    ``check`` is called before each file, and may raise to end it. Raises UserCodeFailedError where answers are not one
    a line for each row, or cannot be read, InputMissingError where there are none for a file.
    """
    require_statistics()
    from agent.evaluation.answered import write_predictions

    pairs = _pairs(objects_of(data, objects), answers, objects)
    with tempfile.TemporaryDirectory(prefix="modelyard-answers-") as folder:
        files = _Files(Path(folder), pairs, objects, check)
        made = Path(folder) / FILE
        write_predictions(files.rows(), files.answers(), settings, made)
        objects.upload(into.bucket, into.prefix + FILE, made)


def _pairs(sources: Sequence[Location], answers: Place, objects: Objects) -> Sequence[tuple[Location, str]]:
    """Every file of rows with the key of its answers.

    Of their folder AWS only says that it is "corresponding". The file's own name will do, for it tells the content:
    two of the same name have the same answers.
    """
    given = {_file(entry.key): entry.key for entry in objects.list(answers.bucket, answers.prefix)}
    for source in sources:
        if _file(source.key) + _SUFFIX not in given:
            raise InputMissingError(
                f"batch transform left no answers to {source} in {answers.uri}; run again from the step that "
                "evaluates, after its job's folder was removed"
            )
    return [(source, given[_file(source.key) + _SUFFIX]) for source in sources]


def _file(key: str) -> str:
    return key.rpartition("/")[2]


class _Files:
    """Rows and answers, file by file and in step with each other: whoever comes first to a file fetches both."""

    def __init__(
        self, folder: Path, pairs: Sequence[tuple[Location, str]], objects: Objects, check: Callable[[], object]
    ) -> None:
        self._folder = folder
        self._pairs = pairs
        self._objects = objects
        self._check = check
        self._fetched = -1

    def rows(self) -> Iterator[str]:
        """The lines of all files of rows."""
        for number, _ in enumerate(self._pairs):
            yield from _lines(self._fetch(number)[0])

    def answers(self) -> Iterator[str]:
        """The lines of all files of answers."""
        for number, _ in enumerate(self._pairs):
            yield from _lines(self._fetch(number)[1])

    def _fetch(self, number: int) -> tuple[Path, Path]:
        """Local copies of a pair, whose numbers of lines are the same: else all that follows would be shifted."""
        source, answers = self._pairs[number]
        rows, told = self._folder / f"{number}.rows", self._folder / f"{number}.answers"
        if number > self._fetched:
            self._check()
            self._objects.download(source.bucket, source.key, rows)
            self._objects.download(source.bucket, answers, told)
            self._fetched = number
            counts = [sum(1 for _ in _lines(path)) for path in (rows, told)]
            if counts[0] != counts[1]:
                raise UserCodeFailedError(
                    f"{counts[0]} rows of {source} were answered with {counts[1]} lines: the serving code has to "
                    "answer one line for each row of text/csv"
                )
        return rows, told


def _lines(path: Path) -> Iterator[str]:
    """The lines that hold something."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        yield from (line for line in file if line.strip())
