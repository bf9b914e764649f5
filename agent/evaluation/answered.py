"""Makes predictions of rows and of what serving code answered to each, as an evaluation script would write them."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from agent.errors import UsageError, UserCodeFailedError
from agent.statistics.database import literal, opened, quoted
from agent.statistics.schema import CLASS_SCORE, LABEL, PREDICTION, ROW_ID, SCORE, SLICE, Task
from agent.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from agent.config.predictions import Predictions

    Value = int | float | str

_Read = TypeVar("_Read")
_BATCH = 50_000
"""Rows that are held at once as Python's objects."""
_SHOWN = 80
"""How many characters of a label or an answer stand in a message."""
_WHOLE = re.compile(r"([+-]?\d+)\.0*")
_TRUTHS = {"false": 0, "true": 1}
_MARK = "\ufeff"
"""The byte order mark that some programs write in front of a file of UTF-8."""
_MISSING = "(missing)"
"""The slice of rows that have no value where it stands."""
_PLACE = "column"
"""Columns without a header are called `column0`, `column1`, … by their place."""


@dataclass(frozen=True, kw_only=True)
class _Form:
    """How rows and answers of a task are read: the columns of an answer with their types, and what makes the values."""

    label_type: str
    label: Callable[[str], Value]
    answer_types: Mapping[str, str]
    answer: Callable[[str], Sequence[Value]]
    expected_label: str
    expected_answer: str


def write_predictions(rows: Iterable[str | bytes], answers: Iterable[str], settings: Predictions, path: Path) -> int:
    """Write the predictions of ``rows`` as Parquet to ``path``, and answer their number; memory does not follow it.

    ``rows`` are the lines of headerless CSV, label first; ``answers`` have a line for each, in their order, as serving
    code answers `text/csv`. Raises UserCodeFailedError where they are not as many, or one cannot be read.
    """
    lines = iter(answers)
    first = next(lines, None)
    form = _form(Task(settings.task), first or "")
    slices = {SLICE + name: int(settings.columns[name].removeprefix(_PLACE)) for name in settings.slices}
    types = {ROW_ID: "BIGINT", LABEL: form.label_type, **form.answer_types, **dict.fromkeys(slices, "VARCHAR")}
    read = _read(rows, chain([] if first is None else [first], lines), form, slices)
    count = 0
    with opened([path]) as database:
        database.execute(f"CREATE TABLE kept ({', '.join(f'{quoted(name)} {kind}' for name, kind in types.items())})")
        while batch := list(islice(read, _BATCH)):
            _add(batch, tuple(types), database)
            count += len(batch)
        database.execute(f"COPY kept TO {literal(str(path))} (FORMAT parquet)")
    return count


def _add(batch: Sequence[Sequence[Value]], names: Sequence[str], database: DuckDBPyConnection) -> None:
    columns = {name: np.array(values) for name, values in zip(names, zip(*batch, strict=True), strict=True)}
    database.register("batch", columns)
    database.execute("INSERT INTO kept BY NAME SELECT * FROM batch")
    database.unregister("batch")


def _read(
    rows: Iterable[str | bytes], answers: Iterable[str], form: _Form, slices: Mapping[str, int]
) -> Iterator[list[Value]]:
    """The values of each row, in the order of the columns."""
    texts = (row.decode("utf-8", "replace") if isinstance(row, bytes) else row for row in rows)
    pairs = zip_longest(_parsed(texts), answers)
    for number, (fields, answer) in enumerate(pairs):
        if fields is None or answer is None:
            raise _not_as_many(number, pairs, fields is None)
        label = _value(form.label, fields[0], f"the label of row {number}", form.expected_label)
        said = _value(form.answer, answer, f"the answer to row {number}", form.expected_answer)
        yield [number, label, *said, *(_slice(fields, place, name, number) for name, place in slices.items())]


def _parsed(texts: Iterable[str]) -> Iterator[list[str]]:
    """The fields of each row, which ends with its line, as whoever sends it has it; a byte order mark is of none."""
    reader = csv.reader(text.removeprefix(_MARK) for text in texts)
    lines = number = 0
    try:
        for fields in reader:
            if reader.line_num > lines + 1:
                raise _no_row(number, "a quotation mark that is opened is not closed on its line")
            lines = reader.line_num
            if fields:
                yield fields
                number += 1
    except csv.Error as error:
        raise _no_row(number, str(error)) from error


def _no_row(number: int, why: str) -> UserCodeFailedError:
    return UserCodeFailedError(
        f"row {number} of the held-out data cannot be read as CSV: {why}; mend what writes them, one row a line"
    )


def _fields(answer: str) -> Sequence[str]:
    """The fields of a line that was answered."""
    return next(csv.reader([answer]), [""]) if '"' in answer else answer.split(",")


def _not_as_many(number: int, rest: Iterable[object], more_answers: bool) -> UserCodeFailedError:
    whole = number + 1 + sum(1 for _ in rest)
    rows, told = (number, whole) if more_answers else (whole, number)
    return UserCodeFailedError(
        f"{rows} rows were answered with {told} predictions: the serving code has to answer one line for each row"
    )


def _value(read: Callable[[str], _Read], text: str, what: str, expected: str) -> _Read:
    try:
        return read(text.strip())
    except ValueError:
        raise UserCodeFailedError(f"{what} is {shortened(text.strip(), _SHOWN)!r}, expected {expected}") from None


def _slice(fields: Sequence[str], place: int, name: str, number: int) -> str:
    if place >= len(fields):
        raise UserCodeFailedError(
            f"row {number} has {len(fields)} columns, so that there is no {_PLACE}{place} for {name}; mend "
            "`evaluation.predictions.columns`"
        )
    return _class(fields[place].strip() or _MISSING)


def _form(task: Task, first: str) -> _Form:
    """How the answers are read; those of several classes are a class, or a probability of each."""
    match task:
        case Task.BINARY:
            return _Form(
                label_type="BIGINT",
                label=_truth,
                expected_label="0 or 1",
                answer_types={SCORE: "DOUBLE"},
                answer=lambda text: [_probability(_only(text))],
                expected_answer="the probability of class 1, a number from 0 to 1",
            )
        case Task.MULTICLASS:
            return _of_classes(len(_fields(first.strip())))
        case Task.REGRESSION:
            return _Form(
                label_type="DOUBLE",
                label=_number,
                expected_label="a number",
                answer_types={PREDICTION: "DOUBLE"},
                answer=lambda text: [_number(_only(text))],
                expected_answer="a number",
            )
        case Task.RANKING:
            raise UsageError("rows that are asked one by one tell no queries; let a script write the predictions")


def _of_classes(fields: int) -> _Form:
    """Classes by name, or as many probabilities as there are classes, which then are numbers from 0."""
    if fields == 1:
        return _Form(
            label_type="VARCHAR",
            label=_class,
            expected_label="a class",
            answer_types={PREDICTION: "VARCHAR"},
            answer=lambda text: [_class(_only(text).strip())],
            expected_answer="a class",
        )
    return _Form(
        label_type="VARCHAR",
        label=_class,
        expected_label="a class",
        answer_types={f"{CLASS_SCORE}{number}": "DOUBLE" for number in range(fields)},
        answer=partial(_probabilities, count=fields),
        expected_answer=f"{fields} probabilities, one for each class",
    )


def _truth(text: str) -> int:
    truth = _TRUTHS.get(text.lower())
    number = float(text) if truth is None else truth
    if number not in {0, 1}:
        raise ValueError
    return int(number)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _probability(text: str) -> float:
    number = _number(text)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def _only(answer: str) -> str:
    """The one field of an answer."""
    (field,) = _fields(answer)
    return field


def _probabilities(answer: str, count: int) -> list[float]:
    numbers = [_probability(each) for each in _fields(answer)]
    if len(numbers) != count:
        raise ValueError
    return numbers


def _class(text: str) -> str:
    """A class's name; numbers are known as whole ones, so that ``2.0`` is the class ``2``."""
    if not text:
        raise ValueError
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text
