"""Rows cell by cell: what every message about a row and a column comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byo.refusals import bad_rows
from byo.rows import Cell, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from byo.program import Program

Column = list[Any]
_LONGEST_SHOWN = 120
_MISSING = frozenset({"", "na", "n/a", "nan", "null"})


def excerpt(text: str) -> str:
    """So much of what a client sent as an answer may repeat."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def checked(table: Table, program: Program) -> Table:
    """The table in the model's own columns; raises 400 where there are more, fewer or other ones."""
    expected = program.columns
    if not table.height or not table.width:
        raise bad_rows("there are no rows")
    if not expected:
        return table
    if table.names and table.names != expected:
        return checked(_reordered(table, expected), program)
    if table.width != len(expected):
        raise bad_rows(f"row 1 has {table.width} values, not {len(expected)}")
    return Table(numbers=table.numbers, columns=table.columns, names=expected)


def read_text(rows: Sequence[Sequence[str]], program: Program) -> Table:
    """Rows of text cells: numbers where all of a column are, else text, and None for what is missing."""
    width = _width(rows, program)
    if program.kind == "numpy":
        return _numbers(
            [
                [_number(cell, row, column, program) for column, cell in enumerate(cells, 1)]
                for row, cells in enumerate(rows, 1)
            ],
            program,
            (),
        )
    columns = [_typed([row[number].strip() for row in rows]) for number in range(width)]
    return of_columns(columns, program, ())


def of_rows(rows: Sequence[Any], program: Program, names: tuple[str, ...]) -> Table:
    """Rows of JSON: all lists of values, or all objects of values by name."""
    if rows and all(isinstance(row, dict) for row in rows):
        names = program.columns or tuple(rows[0])
        rows = [_by_name(row, number, names) for number, row in enumerate(rows, 1)]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            raise bad_rows(f"row {number} is no list of values")
    width = _width(rows, program, len(names))
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            if not isinstance(cell, Cell):
                raise bad_rows(f"{_place(number, column, program)} is no single value")
    return of_columns([[row[number] for row in rows] for number in range(width)], program, names)


def of_columns(columns: Sequence[Column], program: Program, names: tuple[str, ...]) -> Table:
    """A table of columns: of numbers, if all of them are or the model wants nothing else."""
    if not columns or not columns[0]:
        raise bad_rows("there are no rows")
    is_numeric = all(isinstance(cell, int | float | None) for column in columns for cell in column)
    if program.kind == "numpy" or is_numeric:
        cells = [
            [_number(cell, row, number, program) for number, cell in enumerate(cells, 1)]
            for row, cells in enumerate(zip(*columns, strict=True), 1)
        ]
        return _numbers(cells, program, names)
    plain = [[cell if isinstance(cell, Cell) else str(cell) for cell in column] for column in columns]
    return checked(Table(columns=plain, names=names), program)


def _numbers(rows: list[list[float]], program: Program, names: tuple[str, ...]) -> Table:
    return checked(Table(numbers=np.array(rows, dtype=np.float64), names=names), program)


def _number(cell: Any, row: int, column: int, program: Program) -> float:
    """A cell as a number, NaN for a missing one; raises 400 with the cell's place."""
    if isinstance(cell, str):
        text = cell.strip()
        if text.lower() in _MISSING:
            return float("nan")
        if "_" not in text:  # Python reads 1_000, nobody else does
            try:
                return float(text)
            except ValueError:
                pass
    elif cell is None:
        return float("nan")
    elif isinstance(cell, int | float):
        try:
            return float(cell)
        except OverflowError:
            return float("inf") if cell > 0 else float("-inf")
    raise bad_rows(f"{_place(row, column, program)}: {excerpt(repr(cell))} is not a number")


def _typed(column: list[str]) -> list[Cell]:
    """A column of text as numbers, if it has nothing else."""
    present = [cell for cell in column if cell.lower() not in _MISSING]
    try:
        numbers = [float(cell) for cell in present]
    except ValueError:
        return [cell or None for cell in column]
    following = iter(numbers)
    return [None if cell.lower() in _MISSING else next(following) for cell in column]


def _width(rows: Sequence[Sequence[Any]], program: Program, named: int = 0) -> int:
    """How many values each row has; raises 400 for the first row that has more or fewer."""
    if not rows or not rows[0]:
        raise bad_rows("there are no rows")
    width = named or len(program.columns) or len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise bad_rows(f"row {number} has {len(row)} values, not {width}")
    return width


def _by_name(row: dict[str, Any], number: int, names: tuple[str, ...]) -> list[Any]:
    missing = [name for name in names if name not in row]
    if missing:
        raise bad_rows(f"row {number} has no {excerpt(missing[0])!r}")
    surplus = [name for name in row if name not in names]
    if surplus:
        raise bad_rows(f"row {number} has {excerpt(surplus[0])!r}, which the model does not know")
    return [row[name] for name in names]


def _reordered(table: Table, expected: tuple[str, ...]) -> Table:
    missing = [name for name in expected if name not in table.names]
    if missing:
        raise bad_rows(f"there is no column {missing[0]!r}")
    order = [table.names.index(name) for name in expected]
    if table.numbers is not None:
        return Table(numbers=table.numbers[:, order], names=expected)
    return Table(columns=[table.columns[number] for number in order], names=expected)


def _place(row: int, column: int, program: Program) -> str:
    name = f" ({program.columns[column - 1]})" if column <= len(program.columns) else ""
    return f"row {row}, column {column}{name}"
