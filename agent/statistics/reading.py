"""Reads predictions from Parquet a batch at a time, so that their number is no matter, and refuses what is wrong."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics.arrays import Categories, UnusablePredictionsError
from agent.statistics.columns import NAMES, refusal, refusal_of_type
from agent.statistics.database import opened, quoted, scanned, types
from agent.statistics.schema import LABEL, PREDICTION, Kind, Schema, Task, lacking, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

BATCH = 1 << 20
"""Rows that are held at once while reading: 8 MB a column."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Files of one evaluation with their common schema, and for each the number of the first row of every row group.

    ``groups`` of a file have its number of rows behind the last.
    """

    files: tuple[Path, ...]
    schema: Schema
    groups: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> int:
        """The rows of all files."""
        return sum(starts[-1] for starts in self.groups)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Columns by name, each of shape (n,): numbers as they are stored, truths as booleans, names as categories."""

    numbers: dict[str, NDArray[Any]]
    names: dict[str, Categories]


def open_predictions(files: Sequence[Path], task: Task) -> Predictions:
    """Look at the files' columns and types, not yet at their rows; UnusablePredictionsError says what is wrong."""
    if not files:
        raise UnusablePredictionsError("there is no file of predictions")
    schemas, groups = [], []
    for file in files:
        with opened([file]) as database:
            schemas.append(_checked(file, types(database, [file]), task))
            groups.append(_groups(database, file))
        if schemas[-1].columns != schemas[0].columns:
            differ = ", ".join(sorted(schemas[-1].columns.keys() ^ schemas[0].columns.keys()))
            raise UnusablePredictionsError(f"{file} and {files[0]} do not both have the columns {differ}")
    return Predictions(files=tuple(files), schema=schemas[0], groups=tuple(groups))


def batches(predictions: Predictions, columns: Sequence[str], size: int = BATCH) -> Iterator[Columns]:
    """The named columns in batches of at most ``size`` rows of a file; names have the same numbers in all batches."""
    with opened(predictions.files) as database:
        names = {column: _numbered(database, predictions, column) for column in columns if _named(predictions, column)}
        for file, starts in zip(predictions.files, predictions.groups, strict=True):
            for start in range(0, starts[-1], size):
                query = _selection(file, columns, names)
                found = database.execute(query, [start, start + size]).fetchnumpy()
                yield _batch(found, predictions, file, start, names)


def read(predictions: Predictions, columns: Sequence[str]) -> Columns:
    """The named columns whole: a score of 10 million rows takes 80 MB (40 MB as float32), a name 1 to 4 bytes a row."""
    numbers: dict[str, NDArray[Any]] = {}
    names: dict[str, Categories] = {}
    at = 0
    for batch in batches(predictions, columns):
        end = at
        for name, values in [*batch.numbers.items(), *((name, each.codes) for name, each in batch.names.items())]:
            end = at + len(values)
            numbers.setdefault(name, np.empty(predictions.rows, values.dtype))[at:end] = values
        names |= batch.names
        at = end
    whole = {name: Categories(codes=numbers.pop(name), names=each.names) for name, each in names.items()}
    return Columns(numbers=numbers, names=whole)


def _checked(file: Path, present: Mapping[str, str], task: Task) -> Schema:
    schema = schema_of(task, present)
    if missing := lacking(schema, present):
        raise UnusablePredictionsError(
            f"{file} lacks the column {', '.join(missing)}, which {task} predictions need; it has {', '.join(present)}"
        )
    for name, kind in schema.columns.items():
        if problem := refusal_of_type(present[name], kind):
            raise UnusablePredictionsError(f"{file}: the column {name} {problem}")
    return schema


def _groups(database: DuckDBPyConnection, file: Path) -> tuple[int, ...]:
    query = "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(?) ORDER BY row_group_id"
    sizes = [rows for _, rows in database.execute(query, [str(file)]).fetchall()]
    return tuple(accumulate(sizes, initial=0))


def _named(predictions: Predictions, column: str) -> bool:
    return predictions.schema.columns[column] in NAMES


def _numbered(database: DuckDBPyConnection, predictions: Predictions, column: str) -> tuple[str, ...]:
    """Make a type of a column's distinct values: the classes of a multiclass task in their order, else sorted.

    True and predicted classes have one type.
    """
    same = (LABEL, PREDICTION) if predictions.schema.decided and column in {LABEL, PREDICTION} else (column,)
    found = " UNION ".join(
        f"SELECT CAST({quoted(each)} AS VARCHAR) AS name FROM {scanned(predictions.files)} "
        f"WHERE {quoted(each)} IS NOT NULL"
        for each in same
    )
    names = [name for (name,) in database.execute(f"SELECT DISTINCT name FROM ({found}) ORDER BY name").fetchall()]
    classes = predictions.schema.classes
    if column == LABEL and classes:
        if unknown := [name for name in names if name not in classes]:
            raise UnusablePredictionsError(
                f"{predictions.files[0]}: label has the classes {', '.join(unknown[:5])}, of which there are no scores;"
                f" there are scores of {', '.join(classes)}"
            )
        names = list(classes)
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names) or "''"
    database.execute(f"CREATE TYPE {quoted('of ' + column)} AS ENUM ({listed})")
    return tuple(names)


def _selection(file: Path, columns: Sequence[str], names: Mapping[str, Any]) -> str:
    """Columns of a range of rows, in SQL with the range's ends as parameters."""
    wanted = ", ".join(_expression(column, named=column in names) for column in columns)
    return f"SELECT {wanted} FROM {scanned([file], numbered=True)} WHERE file_row_number >= ? AND file_row_number < ?"


def _expression(column: str, *, named: bool) -> str:
    name = quoted(column)
    return f"enum_code(CAST(CAST({name} AS VARCHAR) AS {quoted('of ' + column)})) AS {name}" if named else name


def _batch(
    found: Mapping[str, NDArray[Any]], predictions: Predictions, file: Path, start: int, names: Mapping[str, Any]
) -> Columns:
    kinds = predictions.schema.columns
    for name, values in found.items():
        if problem := refusal(values, kinds[name]):
            row = start + problem[0]
            group = bisect_right(predictions.groups[predictions.files.index(file)], row) - 1
            raise UnusablePredictionsError(f"{file}: the column {name} {problem[1]} in row {row} (row group {group})")
    plain = {name: np.asarray(values) for name, values in found.items()}
    return Columns(
        numbers={
            name: np.equal(each, 1) if kinds[name] is Kind.TRUTH else each
            for name, each in plain.items()
            if name not in names
        },
        names={name: Categories(codes=plain[name], names=each) for name, each in names.items()},
    )
