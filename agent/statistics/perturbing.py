"""Copies of a table in which some columns are worse than they were: what a model meets once it is no test any more.

The same rows and seed give the same copy. Every file is read twice: once for the columns that are changed, which are
held beside each other in a database of their own, and once to be written with the new ones in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.statistics.database import literal, opened, quoted
from agent.statistics.perturbations import ROW, Column, change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from agent.statistics.perturbations import Perturbation
    from agent.statistics.tables import Table


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """A copy: a file for each one of the table, in its order, and in how many ``rows`` each column is ``changed``."""

    files: tuple[Path, ...]
    rows: int
    changed: Mapping[str, int]


def perturbed(table: Table, how: Perturbation, folder: Path, *, label: str | None = None) -> Perturbed:
    """Write a copy of every file into ``folder``; all other values, and the order of rows, stay as they are.

    UsageError for a column that is not there, that is the ``label`` (by default the first one), that the
    perturbation is not made for, or that it leaves as it is in every row.
    """
    with opened(table.files) as database:
        # Sums of numbers, and so the deviations, then come in one order, and rows in theirs.
        database.execute("SET threads = 1")
        columns = _columns(table, how, label, database)
        ends = _hold(table, list(columns), database)
        changed = _change(list(columns.values()), how, database)
        _refuse_what_changes_nothing(how, changed, ends[-1])
        files = tuple(
            _write(file, _moved(file, list(columns), start, end), folder / f"{how.seed[:12]}-{number}", database)
            for number, (file, start, end) in enumerate(zip(table.one_by_one(), (0, *ends), ends, strict=False))
        )
    return Perturbed(files=files, rows=ends[-1], changed=changed)


def _columns(table: Table, how: Perturbation, label: str | None, database: DuckDBPyConnection) -> dict[str, Column]:
    """The columns to change, by their quoted names."""
    types = table.columns(database, typed=False)
    for name in how.columns:
        if name not in types:
            raise UsageError(f"there is no column {name} to perturb; the columns are {', '.join(types)}")
        if name == (label or next(iter(types))):
            raise UsageError(f"the column {name} is the label, by which the model is measured; perturb features only")
    return {
        quoted(name): Column(name, f'"held {number}"', types[name])
        for number, name in enumerate(dict.fromkeys(how.columns))
    }


def _hold(table: Table, columns: Sequence[str], database: DuckDBPyConnection) -> list[int]:
    """Bring the columns of all files into the table `held`, and answer after how many rows each file ends."""
    named = ", ".join(f'{column} AS "held {number}"' for number, column in enumerate(columns))
    ends: list[int] = []
    for file in table.one_by_one():
        before = ends[-1] if ends else 0
        rows = f"SELECT {named}, row_number() OVER () + {before} AS {ROW} FROM {file.sql(typed=False)}"
        database.execute(f"INSERT INTO held {rows}" if ends else f"CREATE TABLE held AS {rows}")
        ((count,),) = database.execute("SELECT count(*) FROM held").fetchall()
        ends.append(count)
    return ends


def _change(columns: Sequence[Column], how: Perturbation, database: DuckDBPyConnection) -> dict[str, int]:
    """Make the table `moved` of new values, and answer in how many rows each column differs now."""
    changes = [change(column, how, database) for column in columns]
    before = ", ".join(["*", *(each for one in changes for each in one.before)])
    new = ", ".join(f'{one.value} AS "new {number}"' for number, one in enumerate(changes))
    order = f" ORDER BY {how.order}" if how.order else ""
    database.execute(f"CREATE TABLE moved AS SELECT {new} FROM (SELECT {before} FROM held){order}")
    counted = ", ".join(
        f'count(*) FILTER (WHERE "new {number}" IS DISTINCT FROM {column.held})'
        for number, column in enumerate(columns)
    )
    (found,) = database.execute(f"SELECT {counted} FROM held POSITIONAL JOIN moved").fetchall()
    return dict(zip((column.name for column in columns), found, strict=True))


def _refuse_what_changes_nothing(how: Perturbation, changed: Mapping[str, int], rows: int) -> None:
    """A model would stand it whatever the model is."""
    for name, count in changed.items():
        if not count:
            raise UsageError(
                f"the perturbation {how.kind} leaves the column {name} as it is in all of {rows} rows; perturb it by "
                "more (whole numbers stay whole), by another kind, or leave it out"
            )


def _moved(table: Table, columns: Sequence[str], start: int, end: int) -> str:
    """The rows of one file with the new values in place of the old ones."""
    replaced = ", ".join(f'"new {number}" AS {column}' for number, column in enumerate(columns))
    hidden = ", ".join(f'"new {number}"' for number, _ in enumerate(columns))
    new = f"SELECT * FROM moved LIMIT {end - start} OFFSET {start}"
    return f"SELECT * EXCLUDE ({hidden}) REPLACE ({replaced}) FROM {table.sql(typed=False)} POSITIONAL JOIN ({new})"


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
