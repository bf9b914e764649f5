"""Copies of a table in which some columns are worse than they were: what a model meets once it is no test any more.

The same rows and seed give the same copy: chance is MD5 of the seed, the column's name and the number of the row (RFC
1321), which is no secret here, but the same in every version of every library. Normal deviates of it are Box and
Muller's (Annals of Mathematical Statistics 29, 1958).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from agent.errors import UsageError
from agent.statistics.columns import INTEGERS, NUMBERS
from agent.statistics.database import literal, opened, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from agent.statistics.tables import Table

Kind = Literal["noise", "missing", "shift", "scale", "shuffle", "swap"]

_MOST_CATEGORIES = 1000
_ROW, _PLACE = '"modelyard row"', '"modelyard place"'
_TEXT = "VARCHAR"


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """What becomes of some columns; ``amount`` is in the unit of its kind.

    Standard deviations of the column for `noise` and `shift`, a factor for `scale`, a share of the rows for `missing`
    and `swap`; `shuffle` has none.
    """

    kind: Kind
    columns: tuple[str, ...]
    amount: float
    seed: str


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """A copy: a file for each one of the table, in its order, and in how many ``rows`` each column is ``changed``."""

    files: tuple[Path, ...]
    rows: int
    changed: Mapping[str, int]


class _Column(NamedTuple):
    """A column by the name that people have for it, quoted for SQL, with DuckDB's name of its type."""

    name: str
    sql: str
    type: str


def perturbed(table: Table, how: Perturbation, folder: Path, *, kept: Sequence[str] = (), label: str = "") -> Perturbed:
    """Write a copy of every file into ``folder``; all other values, and the order of rows, stay as they are.

    UsageError for a column that is not there, that is ``kept`` or the ``label`` (the first one by default), that the
    perturbation is not made for, or that it leaves as it is in every row.
    """
    with opened(table.files) as database:
        # Sums of numbers, and so the deviations, then come in one order.
        database.execute("SET threads = 1")
        columns = _columns(table, how, kept, label, database)
        everything = f"SELECT *, row_number() OVER () AS {_ROW} FROM {table.sql(typed=False)}"
        database.execute(f"CREATE VIEW held AS {everything}")
        changes = _CHANGES[how.kind](columns, how, database)
        rows, changed = 0, [0] * len(columns)
        files: list[Path] = []
        for number, file in enumerate(table.one_by_one()):
            source = _numbered(file, rows, how.kind)
            found = _counts(source, columns, changes, database)
            rows, changed = rows + found[0], [sum(pair) for pair in zip(changed, found[1:], strict=True)]
            written = _changed(source, columns, changes, how.kind)
            files.append(_write(file, written, folder / f"{how.seed[:12]}-{number}", database))
    copy = Perturbed(files=tuple(files), rows=rows, changed=dict(zip(how.columns, changed, strict=True)))
    _refuse_what_changes_nothing(how, copy)
    return copy


def _columns(
    table: Table, how: Perturbation, kept: Sequence[str], label: str, database: DuckDBPyConnection
) -> list[_Column]:
    """The columns to change. Without a header they are known by their place, whatever DuckDB calls them."""
    types = table.columns(database, typed=False)
    placed = table.is_csv and not table.header
    known = {
        f"column{place}" if placed else name: _Column(f"column{place}" if placed else name, quoted(name), kind)
        for place, (name, kind) in enumerate(types.items())
    }
    for name in how.columns:
        if name not in known:
            raise UsageError(f"there is no column {name} to perturb; the columns are {', '.join(known)}")
        if name == (label or next(iter(known))):
            raise UsageError(f"the column {name} is the label, by which the model is measured; perturb features only")
        if name in kept:
            raise UsageError(f"the column {name} says which rows are which, and is not perturbed")
    return [known[name] for name in how.columns]


def _numbered(table: Table, before: int, kind: Kind) -> str:
    """The rows of one file with their numbers among all, and what is to come in their place where they change it."""
    rows = f"SELECT *, row_number() OVER () + {before} AS {_ROW} FROM {table.sql(typed=False)}"
    return f"({rows}) JOIN shuffled ON {_ROW} = {_PLACE}" if kind == "shuffle" else f"({rows})"


def _counts(source: str, columns: Sequence[_Column], changes: Sequence[str], database: DuckDBPyConnection) -> list[int]:
    """How many rows there are, and in how many each column is changed."""
    counted = (
        f"count(*) FILTER (WHERE {new} IS DISTINCT FROM {column.sql})"
        for column, new in zip(columns, changes, strict=True)
    )
    (found,) = database.execute(f"SELECT count(*), {', '.join(counted)} FROM {source}").fetchall()
    return list(found)


def _changed(source: str, columns: Sequence[_Column], changes: Sequence[str], kind: Kind) -> str:
    """The rows of one file as they are to be written."""
    replaced = ", ".join(f"{new} AS {column.sql}" for column, new in zip(columns, changes, strict=True))
    joined = kind == "shuffle"
    hidden = [_ROW, *((_PLACE, *map(_moved, range(len(columns)))) if joined else ())]
    order = f" ORDER BY {_ROW}" if joined else ""
    return f"SELECT * EXCLUDE ({', '.join(hidden)}) REPLACE ({replaced}) FROM {source}{order}"


def _write(table: Table, rows: str, stem: Path, database: DuckDBPyConnection) -> Path:
    """Write rows as the file has them, beside ``stem``, and answer the copy."""
    (original,) = table.files
    copy = stem.with_name(f"{stem.name}{original.suffix}")
    form = "FORMAT parquet"
    if table.is_csv:
        header = str(table.header).lower()
        form = f"FORMAT csv, HEADER {header}, DELIMITER {literal(_delimiter(original, database))}"
    database.execute(f"COPY ({rows}) TO {literal(str(copy))} ({form})")
    return copy


def _delimiter(file: Path, database: DuckDBPyConnection) -> str:
    """What stands between two values of a CSV file."""
    (found,) = database.execute(f"SELECT Delimiter FROM sniff_csv({literal(str(file))})").fetchone() or (",",)
    return {"\\t": "\t"}.get(found, found if len(found) == 1 else ",")


def _chance(how: Perturbation, column: str = "", part: Literal["upper", "lower"] = "upper") -> str:
    """A number above 0 and below 1 for each row, in 53 bits; the two parts are independent."""
    drawn = f"md5_number_{part}({literal(f'{how.seed}:{column}:')} || {_ROW})"
    return f"((({drawn}) >> 11) + 0.5) / 9007199254740992.0"


def _of_numbers(columns: Sequence[_Column], how: Perturbation, database: DuckDBPyConnection) -> list[str]:
    return [_number(column, how, database) for column in columns]


def _number(column: _Column, how: Perturbation, database: DuckDBPyConnection) -> str:
    """A number in place of every number; whole ones stay whole, and what its type cannot hold stays as it was."""
    deviation, whole = _spread(column, database)
    held = f"TRY_CAST({column.sql} AS DOUBLE)"
    amount = f"{how.amount * (1 if how.kind == 'scale' else deviation)!r}::DOUBLE"
    moved = {
        "noise": f"{held} + {amount} * {_normal(how, column.name)}",
        "shift": f"{held} + {amount}",
        "scale": f"{held} * {amount}",
    }[how.kind]
    if whole:
        moved = f"TRY_CAST(round({moved}) AS HUGEINT)"
    # What is the same number is the same text.
    differs = f"isfinite({held}) AND {held} != {moved}"
    return f"CASE WHEN {differs} THEN coalesce(TRY_CAST({moved} AS {column.type}), {column.sql}) ELSE {column.sql} END"


def _normal(how: Perturbation, column: str) -> str:
    radius = f"sqrt(-2 * ln({_chance(how, column)}))"
    return f"{radius} * cos(2 * pi() * {_chance(how, column, 'lower')})"


def _spread(column: _Column, database: DuckDBPyConnection) -> tuple[float, bool]:
    """The standard deviation of a column's numbers, and whether all of them are whole."""
    is_text = column.type == _TEXT
    if not (is_text or column.type in NUMBERS or column.type.startswith("DECIMAL")):
        raise UsageError(f"the column {column.name} is of the type {column.type}, and no numbers")
    number, text = f"TRY_CAST({column.sql} AS DOUBLE)", f"trim(CAST({column.sql} AS VARCHAR))"
    query = (
        "SELECT stddev_pop(x) FILTER (WHERE isfinite(x)), bool_and(regexp_full_match(t, '[+-]?[0-9]+'))"
        " FILTER (WHERE isfinite(x)), first(t) FILTER (WHERE x IS NULL AND t != '')"
        f" FROM (SELECT {number} AS x, {text} AS t FROM held)"
    )
    ((deviation, looks_whole, strange),) = database.execute(query).fetchall()
    if strange is not None:
        raise UsageError(f"the column {column.name} has the value {strange!r}, which is no number")
    if deviation is None:
        raise UsageError(f"the column {column.name} has no numbers")
    return float(deviation), bool(looks_whole) if is_text else column.type in INTEGERS


def _missing(columns: Sequence[_Column], how: Perturbation, database: DuckDBPyConnection) -> list[str]:  # noqa: ARG001 - as the others
    """No value in a share of the rows, others for each column."""
    return [
        f"CASE WHEN {_chance(how, column.name)} < {how.amount!r} THEN NULL ELSE {column.sql} END" for column in columns
    ]


def _shuffle(columns: Sequence[_Column], how: Perturbation, database: DuckDBPyConnection) -> list[str]:
    """The values of other rows; those of one row stay together."""
    moved = ", ".join(f"{column.sql} AS {_moved(number)}" for number, column in enumerate(columns))
    place = f"row_number() OVER (ORDER BY {_chance(how)}, {_ROW}) AS {_PLACE}"
    database.execute(f"CREATE TABLE shuffled AS SELECT {moved}, {place} FROM held")
    return [_moved(number) for number, _ in enumerate(columns)]


def _moved(number: int) -> str:
    return f'"modelyard moved {number}"'


def _swap(columns: Sequence[_Column], how: Perturbation, database: DuckDBPyConnection) -> list[str]:
    """Another one of the column's values in a share of the rows, each as likely."""
    return [_other(column, number, how, database) for number, column in enumerate(columns)]


def _other(column: _Column, number: int, how: Perturbation, database: DuckDBPyConnection) -> str:
    found = f"SELECT DISTINCT {column.sql} AS value FROM held WHERE {column.sql} IS NOT NULL"
    ((count,),) = database.execute(f"SELECT count(*) FROM ({found} LIMIT {_MOST_CATEGORIES + 1})").fetchall()
    if count > _MOST_CATEGORIES:
        raise UsageError(
            f"the column {column.name} has more than {_MOST_CATEGORIES} values, which are no categories to be swapped"
        )
    database.execute(f"CREATE TABLE categories{number} AS SELECT list(value ORDER BY value) AS known FROM ({found})")
    known = f"(SELECT known FROM categories{number})"
    step = f"CAST(floor({_chance(how, column.name, 'lower')} * {max(count - 1, 1)}) AS BIGINT)"
    other = f"{known}[1 + (list_position({known}, {column.sql}) + {step}) % {max(count, 1)}]"
    return f"CASE WHEN {_chance(how, column.name)} < {how.amount!r} THEN {other} ELSE {column.sql} END"


_CHANGES: Mapping[Kind, Callable[[Sequence[_Column], Perturbation, DuckDBPyConnection], list[str]]] = {
    "noise": _of_numbers,
    "shift": _of_numbers,
    "scale": _of_numbers,
    "missing": _missing,
    "shuffle": _shuffle,
    "swap": _swap,
}


def _refuse_what_changes_nothing(how: Perturbation, copy: Perturbed) -> None:
    """A model would stand it whatever the model is."""
    for name, count in copy.changed.items():
        if not count:
            raise UsageError(
                f"the perturbation {how.kind} leaves the column {name} as it is in all of {copy.rows} rows; perturb it "
                "by more (whole numbers stay whole), by another kind, or leave it out"
            )
