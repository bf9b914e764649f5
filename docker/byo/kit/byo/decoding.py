"""Turns the body of a request into rows, or says which row and which column is wrong.

Bodies of numbers take a short way: all of the text is read at once, and only its shape is looked at. Everything else,
and everything wrong, takes the long way through :mod:`byo.cells`.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import orjson

from byo import numbers
from byo.cells import checked, excerpt, of_columns, of_rows, read_text
from byo.refusals import bad_rows
from byo.rows import Table

if TYPE_CHECKING:
    from byo.cells import Column
    from byo.program import Program

_WRAPPERS = ("instances", "inputs", "data", "features")


def from_csv(body: bytes, program: Program) -> Table:
    """Rows without a header, as SageMaker sends them; an empty cell is a missing value."""
    table = _numbers_of_csv(body)
    if table is not None:
        return checked(table, program)
    try:
        rows = [row for row in csv.reader(io.StringIO(_text(body), newline=""), strict=True) if row]
    except csv.Error as error:
        raise bad_rows(f"the body is not CSV: {error}") from error
    return read_text(rows, program)


def from_json(body: bytes, program: Program) -> Table:
    """A list of rows, or one row, as such or under `instances`, `inputs` or `data` (beside `columns`).

    A row is a list of values or an object of values by name.
    """
    document = _json(body, "the body")
    names: tuple[str, ...] = ()
    if isinstance(document, dict):
        names = _names(document)
        document = next((document[word] for word in _WRAPPERS if word in document), [document])
    if not isinstance(document, list):
        raise bad_rows("the body must be a list of rows, or have one under `instances`")
    is_one_row = bool(document) and not any(isinstance(row, list | dict) for row in document)
    return _of_json_rows([document] if is_one_row else document, program, names)


def from_json_lines(body: bytes, program: Program) -> Table:
    """One row a line: a list, an object, or a list under `features`."""
    rows = []
    for number, line in enumerate(body.splitlines(), 1):
        if line.strip():
            row = _json(line, f"line {number}")
            if isinstance(row, dict):
                row = next((row[word] for word in _WRAPPERS if isinstance(row.get(word), list)), row)
            rows.append(row)
    return _of_json_rows(rows, program, ())


def from_npy(body: bytes, program: Program) -> Table:
    """An array of numbers that `numpy.save` wrote, of one row or of two dimensions; nothing in it is executed."""
    try:
        array = np.load(io.BytesIO(body), allow_pickle=False)
    except Exception as error:  # numpy raises whatever a forged header makes it stumble over
        raise bad_rows(f"the body is no array that numpy.save wrote: {excerpt(str(error))}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
        raise bad_rows("the array must be one of numbers, with 1 or 2 dimensions")
    return checked(Table(numbers=np.atleast_2d(array).astype(np.float64)), program)


def from_parquet(body: bytes, program: Program) -> Table:
    """A Parquet file; where the model names its columns, these are taken, in its order."""
    columns = _columns_of_parquet(body)
    if program.columns:
        missing = [name for name in program.columns if name not in columns]
        if missing:
            raise bad_rows(f"there is no column {missing[0]!r}")
        columns = {name: columns[name] for name in program.columns}
    return of_columns(list(columns.values()), program, tuple(columns))


def _columns_of_parquet(body: bytes) -> dict[str, Column]:
    try:
        return cast("dict[str, Column]", _parquet_reader()(io.BytesIO(body)))
    except ImportError:
        raise
    except BaseException as error:  # polars' panics are no Exceptions
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise bad_rows(f"the body is not Parquet: {excerpt(str(error))}") from error


def _parquet_reader() -> Any:
    try:
        import polars as pl
    except ImportError:
        import pyarrow.parquet as pq

        # Workers keep to their processors; and a process that ends while these threads begin would abort.
        return lambda file: pq.read_table(file, use_threads=False).to_pydict()
    return lambda file: pl.read_parquet(file).to_dict(as_series=False)


def _numbers_of_csv(body: bytes) -> Table | None:
    """The short way: no text, no empty cell, every row as long as the first."""
    if b"[" in body or b"{" in body:
        return None
    text = (body.replace(b"\r\n", b"\n") if b"\r" in body else body).strip(b"\n")
    height = text.count(b"\n") + 1
    flat = numbers.read_list(b"[" + (text.replace(b"\n", b",") if height > 1 else text) + b"]")
    if flat is None or not flat.size:
        return None
    width = flat.size // height
    if height > 1 and any(line.count(b",") != width - 1 for line in text.split(b"\n")):
        return None
    return Table(numbers=flat.reshape(height, width))


def _of_json_rows(rows: list[Any], program: Program, names: tuple[str, ...]) -> Table:
    """The short way for lists of numbers, else cell by cell."""
    if all(type(row) is list for row in rows):
        kinds = set().union(*(set(map(type, row)) for row in rows))
        if kinds and kinds <= {float, int} and len({len(row) for row in rows}) == 1:
            try:
                return checked(Table(numbers=np.array(rows, dtype=np.float64), names=names), program)
            except OverflowError:
                return of_rows(rows, program, names)
    return of_rows(rows, program, names)


def _names(document: dict[str, Any]) -> tuple[str, ...]:
    names = document.get("columns", ()) if "data" in document else ()
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise bad_rows("`columns` must be a list of names")
    return tuple(names)


def _json(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise bad_rows(f"{where} is not JSON: {excerpt(str(error))}") from error


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_rows(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error
