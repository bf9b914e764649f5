"""Describes the columns of a table, and how far each is from the same column of an earlier table, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.statistics.columns import INTEGERS, NUMBERS
from agent.statistics.database import opened, quoted
from agent.statistics.labels import MOST_CLASSES, distributed
from agent.statistics.shift import psi, psi_by_chance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from agent.statistics.tables import Table

Type = Literal["integer", "number", "text", "boolean", "other"]
_TYPES: Mapping[str, Type] = {"VARCHAR": "text", "BOOLEAN": "boolean"}
_FEW = 5
"""How many of the most frequent values are named."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a column holds; ``missing`` rows have no value, or a number that is not finite.

    ``distinct`` is approximate (HyperLogLog). Numbers have a mean, a standard deviation, a least and a greatest value;
    texts and truths of at most 50 distinct values have the ``most`` frequent ones, with their rows.
    """

    type: Type
    missing: int
    distinct: int
    mean: float | None = None
    deviation: float | None = None
    least: float | None = None
    greatest: float | None = None
    most: tuple[tuple[str, int], ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether it is of numbers."""
        return self.type in {"integer", "number"}

    @property
    def is_measured(self) -> bool:
        """Whether its numbers are too many to be classes."""
        return self.is_number and self.distinct > MOST_CLASSES


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How far a column is from what it was: the population stability index, and how likely that is by chance.

    ``before`` and ``now`` are the rows in each of the ``bins``: ranges of equal rows before, or classes.
    """

    index: float
    chance: float
    bins: tuple[str, ...]
    before: tuple[int, ...]
    now: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Described:
    """A table: its rows, its first columns by name, and how many more it has."""

    rows: int
    columns: Mapping[str, Values]
    left_out: int


def describe(table: Table, names: Sequence[str] = (), *, most: int = 100) -> Described:
    """The first ``most`` columns; ``names`` are those of a CSV file without a header, in its order."""
    with opened(table.files) as database:
        known = _named(database, table, names)
        shown = dict(list(known.items())[:most])
        asked = [aggregate for column, kind in shown.values() for aggregate in _aggregates(column, _type(kind))]
        answer = database.execute(f"SELECT count(*), {', '.join(asked)} FROM {table.sql()}").fetchall()[0]
        rows = int(answer[0])
        columns = {
            name: _values(database, table, shown[name], rows, answer[1 + 6 * place : 7 + 6 * place])
            for place, name in enumerate(shown)
        }
    return Described(rows=rows, columns=columns, left_out=len(known) - len(shown))


def moved(
    tables: tuple[Table, Table], described: tuple[Described, Described], names: Sequence[str] = ()
) -> dict[str, Moved]:
    """The columns that both have, the earlier table first; texts of more than 50 distinct values are not compared."""
    if not all(each.rows for each in described):
        return {}
    before, now = described
    with opened([*tables[0].files, *tables[1].files]) as database:
        known = [_named(database, table, names) for table in tables]
        return {
            name: _moved(database, tables, [each[name][0] for each in known], (before.columns[name], now.columns[name]))
            for name in now.columns
            if name in before.columns and _comparable(before.columns[name], now.columns[name])
        }


def _comparable(*columns: Values) -> bool:
    if all(column.is_number for column in columns):
        return True
    return all(column.distinct <= MOST_CLASSES for column in columns)


def _moved(
    database: DuckDBPyConnection, tables: Sequence[Table], names: Sequence[str], columns: tuple[Values, Values]
) -> Moved:
    bins, counts = distributed(
        database,
        tables,
        names,
        numeric=all(column.is_number for column in columns),
        measured=all(column.is_measured for column in columns),
    )
    index, rows = psi(*counts), (sum(counts[0]), sum(counts[1]))
    there = [place for place in range(len(bins)) if counts[0][place] or counts[1][place]]
    return Moved(
        index=index,
        chance=psi_by_chance(index, rows, len(there)),
        bins=tuple(bins[place] for place in there),
        before=tuple(counts[0][place] for place in there),
        now=tuple(counts[1][place] for place in there),
    )


def _named(database: DuckDBPyConnection, table: Table, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The columns by the names that people know them by: how each is called in SQL, and DuckDB's name of its type."""
    columns = table.columns(database)
    known = [*names, *list(columns)[len(names) :]] if names else list(columns)
    return {name: (quoted(column), kind) for name, (column, kind) in zip(known, columns.items(), strict=False)}


def _type(kind: str) -> Type:
    if kind in INTEGERS or kind == "HUGEINT":
        return "integer"
    if kind in NUMBERS or kind.startswith("DECIMAL"):
        return "number"
    return _TYPES.get(kind, "other")


def _aggregates(column: str, kind: Type) -> Iterator[str]:
    """Six of each column: values, distinct values, and what there is only of numbers."""
    distinct = f"approx_count_distinct({column})"
    if kind not in {"integer", "number"}:
        yield from (f"count({column})", distinct, "NULL", "NULL", "NULL", "NULL")
        return
    number = f"CASE WHEN isfinite(CAST({column} AS DOUBLE)) THEN CAST({column} AS DOUBLE) END"
    yield from (f"count({number})", distinct)
    yield from (f"{function}({number})" for function in ("avg", "stddev_samp", "min", "max"))


def _values(
    database: DuckDBPyConnection, table: Table, column: tuple[str, str], rows: int, answer: Sequence[float | None]
) -> Values:
    name, kind = column
    there, distinct = int(answer[0] or 0), int(answer[1] or 0)
    type_ = _type(kind)
    named = type_ in {"text", "boolean"} and distinct <= MOST_CLASSES
    return Values(
        type=type_,
        missing=rows - there,
        distinct=distinct,
        mean=answer[2],
        deviation=answer[3],
        least=answer[4],
        greatest=answer[5],
        most=_most(database, table, name) if named else (),
    )


def _most(database: DuckDBPyConnection, table: Table, name: str) -> tuple[tuple[str, int], ...]:
    found = database.execute(
        f"SELECT CAST({name} AS VARCHAR) AS value, count(*) AS rows FROM {table.sql()} WHERE {name} IS NOT NULL "
        f"GROUP BY value ORDER BY rows DESC, value LIMIT {_FEW}"
    ).fetchall()
    return tuple((str(value), int(rows)) for value, rows in found)
