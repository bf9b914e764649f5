"""Opens DuckDB for reading files, within a share of memory and without reaching for the network."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.columns import INTEGERS, NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MEMORY = "500MB"
"""What a query may hold; more goes into temporary files."""
THREADS = 4
"""Each holds a part of that."""
_ALL_ROWS = "skip = 0, comment = '', sample_size = -1"
"""No first rows are left out since others have more columns, and none that begins with a `#`."""
_TYPES = "auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR']"


@contextmanager
def opened(files: Sequence[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own; what cannot be read in it is an UnusablePredictionsError that names the files."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": tempfile.gettempdir(),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with duckdb.connect(config=settings) as database:
            yield database
    except duckdb.ParserException:
        raise  # our own mistake, and not the files'
    except (duckdb.Error, OSError) as error:
        named = ", ".join(map(str, files))
        raise UnusablePredictionsError(f"{named} cannot be read: {str(error).partition(chr(10))[0]}") from error


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def scanned(files: Sequence[Path], *, numbered: bool = False, header: bool | None = None) -> str:
    """The rows of Parquet or CSV files in SQL, in their order; ``numbered`` adds ``file_row_number`` (Parquet).

    Where ``header`` says whether CSV files have one, nothing is guessed by their first rows: types are those of all,
    and only of numbers and texts, for `f` may be a truth in one file and a sex in the next.
    """
    listed = ", ".join(literal(str(file)) for file in files)
    if files[0].suffix == ".csv":
        told = "" if header is None else f", header = {str(header).lower()}, {_ALL_ROWS}, {_TYPES}"
        return f"read_csv([{listed}], hive_partitioning = false{told})"
    more = ", file_row_number = true" if numbered else ""
    return f"read_parquet([{listed}], hive_partitioning = false{more})"


def types(database: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> dict[str, str]:
    """The columns of files by name, with DuckDB's names of their types."""
    rows = database.execute(f"DESCRIBE SELECT * FROM {scanned(files)}").fetchall()
    return {name: kind for name, kind, *_ in rows}


def common(first: str, second: str) -> str:
    """A type that holds what two columns have, so that equal values are equal."""
    if first == second:
        return first
    if first in INTEGERS and second in INTEGERS:
        return "HUGEINT"
    return "DOUBLE" if first in NUMBERS and second in NUMBERS else "VARCHAR"
