"""Reads tables of data sets as they are declared: a guess at a header, or at a type by the first rows, is no proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.database import opened, quoted, scanned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

SUFFIXES = (".csv", ".parquet")
"""Files that can be read."""

_BY_PLACE = r"COLUMNS('column0*(\d+)') AS 'column\1'"
"""DuckDB calls the first of ten columns `column0`, and of more `column00`."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Files of one form; ``header`` says of CSV files whether their first line names the columns."""

    files: tuple[Path, ...]
    header: bool = False

    @property
    def is_csv(self) -> bool:
        """Whether the files are CSV."""
        return self.files[0].suffix == SUFFIXES[0]

    def one_by_one(self) -> Sequence[Table]:
        """Each file as a table."""
        return [Table(files=(file,), header=self.header) for file in self.files]

    def as_parquet(self, folder: Path) -> Table:
        """The same rows, with types, in one Parquet file: a text that is asked several questions is read once."""
        file = folder / f"{self.files[0].stem}{'-headed' if self.header else ''}.parquet"
        if not self.is_csv:
            return self
        if not file.exists():
            with opened(self.files) as database:
                target = str(file).replace("'", "''")
                database.execute(f"COPY (SELECT * FROM {self.sql()}) TO '{target}' (FORMAT parquet)")
        return Table(files=(file,))

    def sql(self, *, typed: bool = True) -> str:
        """The rows in their order; of CSV files all values are texts, unless types are found out from all rows."""
        rows = scanned(self.files, header=self.header)
        if not typed and self.is_csv:
            rows = f"{rows.removesuffix(')')}, all_varchar = true)"
        return f"(SELECT {_BY_PLACE} FROM {rows})" if self.is_csv and not self.header else rows

    def columns(self, database: DuckDBPyConnection, *, typed: bool = True) -> dict[str, str]:
        """The columns by name, in their order, with DuckDB's names of their types."""
        rows = database.execute(f"DESCRIBE SELECT * FROM {self.sql(typed=typed)}").fetchall()
        return {name: kind for name, kind, *_ in rows}

    def column(self, database: DuckDBPyConnection, name: str | None) -> str:
        """A column that there has to be, quoted; by default the first one."""
        known = list(self.columns(database, typed=False))
        if name is not None and name not in known:
            raise UnusablePredictionsError(f"there is no column {name}; the columns are {', '.join(known)}")
        return quoted(known[0] if name is None else name)
