"""Finds rows that two data sets share, whatever their size: a model that has seen the answers is not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.database import common, opened, quoted, scanned, types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EXAMPLES = 10


@dataclass(frozen=True, kw_only=True)
class SharedRows:
    """How many of the second data set's ``of`` rows the first has too, and the numbers of the first few, from 0."""

    rows: int
    of: int
    examples: tuple[int, ...]

    @property
    def share(self) -> float:
        """Their share of the second's rows."""
        return self.rows / self.of if self.of else 0.0


def shared_rows(first: Sequence[Path], second: Sequence[Path], columns: Sequence[str] = ()) -> SharedRows:
    """Compare Parquet or CSV files by the values of columns: the named ones, or all that both have.

    Rows are joined by a hash of 64 bits: among 10 million by 10 million rows chance finds one in 200,000 comparisons.
    Missing values are equal to each other, 1 and 1.0 too.
    """
    with opened([*first, *second]) as database:
        kinds = [types(database, files) for files in (first, second)]
        hashed = _hash(kinds[0], kinds[1], columns or [name for name in kinds[0] if name in kinds[1]])
        known = f"SELECT {hashed} FROM {scanned(first)}"
        rows = f"SELECT row_number() OVER () - 1 AS row, {hashed} AS hash FROM {scanned(second)}"
        database.execute(f"CREATE TABLE shared AS SELECT row FROM ({rows}) WHERE hash IN ({known})")
        (count,), (total,) = (
            database.execute(f"SELECT count(*) FROM {source}").fetchall()[0] for source in ("shared", scanned(second))
        )
        examples = database.execute(f"SELECT row FROM shared ORDER BY row LIMIT {EXAMPLES}").fetchall()
    return SharedRows(rows=int(count), of=int(total), examples=tuple(int(row) for (row,) in examples))


def _hash(first: Mapping[str, str], second: Mapping[str, str], columns: Sequence[str]) -> str:
    """A hash of a row in SQL, of types that hold what both tables have."""
    if not columns or any(name not in first or name not in second for name in columns):
        raise UnusablePredictionsError(
            f"rows can be compared by columns that both tables have; the first has {', '.join(first)}, the second"
            f" {', '.join(second)}"
        )
    values = (f"CAST({quoted(name)} AS {common(first[name], second[name])})" for name in columns)
    return f"hash({', '.join(values)})"
