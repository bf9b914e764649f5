"""Compares a label, or any column, of two tables: how its values are distributed in each, whatever their size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.columns import NUMBERS
from agent.statistics.database import opened
from agent.statistics.shift import psi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from agent.statistics.tables import Table

MOST_CLASSES = 50
"""A number of more distinct values is one to be measured, and no class."""
_BINS = 10


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How far a column of a table is from that of another: the index, and the bin whose share has changed most."""

    index: float
    rows: tuple[int, int]
    bin: str
    shares: tuple[float, float]


def shift(first: Table, second: Table, column: str | None = None) -> Shift:
    """The population stability index of a column, by default the first: of classes, or of bins of the first's numbers.

    Ten bins of equal numbers of rows; a row without a value is a class of its own.
    """
    tables = (first, second)
    with opened([*first.files, *second.files]) as database:
        names = [table.column(database, column) for table in tables]
        numeric = all(_is_number(database, table, name) for table, name in zip(tables, names, strict=True))
        measured = all(_is_measured(database, table, name) for table, name in zip(tables, names, strict=True))
        bins, counts = distributed(database, tables, names, numeric=numeric, measured=numeric and measured)
    if not all(sum(each) for each in counts):
        raise UnusablePredictionsError("one of the tables has no rows")
    totals = [sum(each) for each in counts]
    shares = [[count / total for count in each] for each, total in zip(counts, totals, strict=True)]
    most = max(range(len(bins)), key=lambda place: abs(shares[1][place] - shares[0][place]))
    return Shift(
        index=psi(*counts), rows=(totals[0], totals[1]), bin=bins[most], shares=(shares[0][most], shares[1][most])
    )


def distributed(
    database: DuckDBPyConnection, tables: Sequence[Table], names: Sequence[str], *, numeric: bool, measured: bool
) -> tuple[list[str], list[list[int]]]:
    """The bins of a column, named ``names`` in SQL, and the rows of each table in them; the last is of no value.

    ``numeric`` columns are numbers in both tables; if they are ``measured``, too, bins are ranges, and else classes.
    """
    if measured:
        return _binned(database, tables, names)
    return _classes(database, tables, names, numeric=numeric)


def _is_number(database: DuckDBPyConnection, table: Table, name: str) -> bool:
    kind = database.execute(f"DESCRIBE SELECT {name} FROM {table.sql()}").fetchall()[0][1]
    return kind in NUMBERS or kind.startswith("DECIMAL")


def _is_measured(database: DuckDBPyConnection, table: Table, name: str) -> bool:
    """Whether a column of numbers has too many distinct values to be of classes."""
    (distinct,) = database.execute(f"SELECT approx_count_distinct({name}) FROM {table.sql()}").fetchall()[0]
    return bool(distinct > MOST_CLASSES)


def _binned(
    database: DuckDBPyConnection, tables: Sequence[Table], names: Sequence[str]
) -> tuple[list[str], list[list[int]]]:
    """Counts in bins between the first table's quantiles, which are of an approximation with a bounded memory."""
    wanted = [number / _BINS for number in range(1, _BINS)]
    found = database.execute(
        f"SELECT approx_quantile(CAST({names[0]} AS DOUBLE), {wanted}) FROM {tables[0].sql()}"
    ).fetchall()[0][0]
    edges = [float(edge) for edge in np.unique(found)]
    place = " + ".join(f"CAST({{name}} >= {edge!r} AS INTEGER)" for edge in edges)
    counts = []
    for table, name in zip(tables, names, strict=True):
        grouped = f"SELECT {place.format(name=name)} AS bin, count(*) FROM {table.sql()} GROUP BY bin"
        counts.append(dict(database.execute(grouped).fetchall()))
    bounds = ["-∞", *(f"{edge:.6g}" for edge in edges), "∞"]
    bins = [f"{low} to {high}" for low, high in pairwise(bounds)]
    keys: list[int | None] = [*range(len(bins)), None]
    return [*bins, "no value"], [[int(each.get(key, 0)) for key in keys] for each in counts]


def _classes(
    database: DuckDBPyConnection, tables: Sequence[Table], names: Sequence[str], *, numeric: bool
) -> tuple[list[str], list[list[int]]]:
    """Counts by class as it is written; 1 and 1.0 are one, where both columns are of numbers."""
    class_ = "printf('%.12g', CAST({name} AS DOUBLE))" if numeric else "CAST({name} AS VARCHAR)"
    counts = []
    for table, name in zip(tables, names, strict=True):
        grouped = f"SELECT {class_.format(name=name)} AS class, count(*) FROM {table.sql(typed=numeric)} GROUP BY class"
        counts.append(dict(database.execute(grouped).fetchall()))
    classes = sorted({*counts[0], *counts[1]}, key=lambda each: (each is None, each))
    return (
        ["no value" if each is None else each for each in classes],
        [[int(each.get(class_, 0)) for class_ in classes] for each in counts],
    )
