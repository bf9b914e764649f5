"""Finds the rows of a table that are not as they are declared, in one pass over each file and in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.statistics.columns import INTEGERS, NUMBERS
from agent.statistics.database import opened, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from agent.statistics.tables import Table

Type = Literal["integer", "number", "text", "boolean"]
Broken = Literal["absent", "undeclared", "type", "missing", "min", "max", "values"]
_SQL: Mapping[Type, str] = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN"}
_FITTING: Mapping[Type, frozenset[str]] = {
    "integer": INTEGERS,
    "number": NUMBERS,
    "text": frozenset({"VARCHAR"}),
    "boolean": frozenset({"BOOLEAN"}),
}
"""What a Parquet file may call it; decimals are numbers, too."""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """What a column may hold; ``missing`` is the largest share of rows without a value."""

    type: Type
    missing: float = 0.0
    min: float | None = None
    max: float | None = None
    values: tuple[str | int | float | bool, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A constraint of a ``column`` that ``rows`` violate: the first of them, from 1, of the file with that number.

    ``held`` is the first value that does, or the type that the column has. What is wrong with a column as a whole has
    no first row, and ``rows`` are all.
    """

    column: str
    broken: Broken
    rows: int
    file: int = 0
    row: int | None = None
    held: str = ""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """How many rows there are, and what is wrong with them."""

    rows: int
    violations: tuple[Violation, ...]


@dataclass(frozen=True, kw_only=True)
class _Count:
    """How many rows of a file violate something, and the first of them."""

    rows: int
    row: int | None
    held: str


def examine(table: Table, declared: Mapping[str, Constraint], *, others: bool = True) -> Examined:
    """Hold every row against the declaration; ``others`` lets columns be there that are not declared.

    Columns of CSV files without a header are those that are declared, in the same order.
    """
    rows, found, counts = 0, list[Violation](), dict[tuple[str, Broken], list[tuple[int, _Count]]]()
    missing = dict.fromkeys(declared, 0)
    with opened(table.files) as database:
        for number, file in enumerate(table.one_by_one()):
            held = _held(file, list(declared), database)
            found += _of_columns(held, declared, number, others=others)
            present = {name: declared[name] for name in declared if name in held}
            of_file, counted = _count(file, present, held, database)
            rows += of_file
            for (name, broken), count in counted.items():
                counts.setdefault((name, broken), []).append((number, count))
                missing[name] += count.rows if broken == "missing" else 0
    allowed = {name: constraint.missing * rows for name, constraint in declared.items()}
    kept = {key: each for key, each in counts.items() if key[1] != "missing" or missing[key[0]] > allowed[key[0]]}
    found += [violation for key, each in kept.items() if (violation := _summed(key, each))]
    return Examined(rows=rows, violations=tuple(found))


def _held(file: Table, declared: Sequence[str], database: DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """The file's columns by the names that people know them by: how each is called in SQL, and its type."""
    columns = file.columns(database, typed=False)
    if not file.is_csv or file.header:
        return {name: (quoted(name), kind) for name, kind in columns.items()}
    names = [*declared, *(f"column{number}" for number in range(len(declared), len(columns)))]
    return {name: (quoted(column), kind) for name, (column, kind) in zip(names, columns.items(), strict=False)}


def _of_columns(
    held: Mapping[str, tuple[str, str]], declared: Mapping[str, Constraint], number: int, *, others: bool
) -> Iterator[Violation]:
    for name in declared:
        if name not in held:
            yield Violation(column=name, broken="absent", rows=0, file=number, held=", ".join(held))
    for name in held if not others else ():
        if name not in declared:
            yield Violation(column=name, broken="undeclared", rows=0, file=number)


def _count(
    file: Table,
    declared: Mapping[str, Constraint],
    held: Mapping[str, tuple[str, str]],
    database: DuckDBPyConnection,
) -> tuple[int, dict[tuple[str, Broken], _Count]]:
    """The file's rows, and what is wrong with them."""
    wrong = {
        (name, broken): (held[name][0], condition)
        for name, constraint in declared.items()
        for broken, condition in _conditions(held[name], constraint, csv=file.is_csv)
    }
    counted = ", ".join(
        f"count(*) FILTER ({condition}), min(row) FILTER ({condition}), "
        f"arg_min(CAST({column} AS VARCHAR), row) FILTER ({condition})"
        for column, condition in wrong.values()
    )
    numbered = f"SELECT *, row_number() OVER () AS row FROM {file.sql(typed=False)}"
    answer = database.execute(f"SELECT count(*){f', {counted}' if counted else ''} FROM ({numbered})").fetchall()[0]
    parts = [answer[1 + 3 * place : 4 + 3 * place] for place in range(len(wrong))]
    found = {
        key: _Count(rows=rows, row=row, held=str(value)) for key, (rows, row, value) in zip(wrong, parts, strict=True)
    }
    return int(answer[0]), {key: count for key, count in found.items() if count.rows}


def _conditions(held: tuple[str, str], constraint: Constraint, *, csv: bool) -> Iterator[tuple[Broken, str]]:
    """What must be true of no row, or of few, in SQL."""
    column, kind = held
    value = f"TRY_CAST({column} AS {_SQL[constraint.type]})"
    absent = f"{column} IS NULL"
    if kind in {"FLOAT", "DOUBLE"} or (csv and constraint.type == "number"):
        absent = f"({absent} OR coalesce(isnan(TRY_CAST({column} AS DOUBLE)), false))"
    yield "missing", absent
    there = f"NOT {absent}"
    if csv:
        whole = " OR ".join(
            (f"{value} IS NULL", *([f"regexp_matches({column}, '[.eE]')"] * (constraint.type == "integer")))
        )
        yield "type", f"{there} AND ({whole})"
    elif not (kind in _FITTING[constraint.type] or (constraint.type == "number" and kind.startswith("DECIMAL"))):
        yield "type", "true"
        return
    if constraint.min is not None:
        yield "min", f"{there} AND {value} < {constraint.min!r}"
    if constraint.max is not None:
        yield "max", f"{there} AND {value} > {constraint.max!r}"
    if constraint.values:
        yield "values", f"{there} AND {value} NOT IN ({', '.join(_literals(constraint))})"


def _literals(constraint: Constraint) -> Iterator[str]:
    yield from (_literal(str(value) if constraint.type == "text" else value) for value in constraint.values)


def _literal(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else "'" + value.replace("'", "''") + "'"


def _summed(key: tuple[str, Broken], counts: Sequence[tuple[int, _Count]]) -> Violation:
    number, first = counts[0]
    rows = sum(count.rows for _, count in counts)
    return Violation(column=key[0], broken=key[1], rows=rows, file=number, row=first.row, held=first.held)
