"""Rows on their way to a model: a table of numbers or of cells, in the library that the model's author chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["numpy", "pandas", "polars"]
KINDS: tuple[Kind, ...] = ("numpy", "pandas", "polars")
Cell = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A request's rows: ``numbers`` of shape (rows, columns), or where a cell is no number, ``columns`` of cells.

    ``names`` are those of the columns, where the request or the model has said them.
    """

    numbers: np.ndarray[Any, np.dtype[np.float64]] | None = None
    columns: Sequence[Sequence[Cell]] = ()
    names: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """How many rows there are."""
        if self.numbers is not None:
            return int(self.numbers.shape[0])
        return len(self.columns[0]) if self.columns else 0

    @property
    def width(self) -> int:
        """How many columns there are."""
        return int(self.numbers.shape[1]) if self.numbers is not None else len(self.columns)


def as_kind(table: Table, kind: Kind) -> Any:
    """What `predict` gets: an array of float64, or a frame; tables for "numpy" hold numbers only."""
    if kind == "numpy":
        return table.numbers
    if kind == "pandas":
        return _pandas(table)
    return _polars(table)


def joined(parts: Sequence[Any], kind: Kind) -> Any:
    """The rows of several requests in one."""
    if kind == "numpy":
        return np.concatenate(parts)
    if kind == "pandas":
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    import polars as pl

    return pl.concat(parts)


def _pandas(table: Table) -> Any:
    import pandas as pd

    if table.numbers is not None:
        return pd.DataFrame(table.numbers, columns=list(table.names) or None)
    names: Sequence[str | int] = table.names or range(table.width)
    return pd.DataFrame({name: list(column) for name, column in zip(names, table.columns, strict=True)})


def _polars(table: Table) -> Any:
    import polars as pl

    names = list(table.names) or [f"column_{number}" for number in range(1, table.width + 1)]
    if table.numbers is not None:
        return pl.from_numpy(np.ascontiguousarray(table.numbers), schema=names)
    return pl.DataFrame({name: list(column) for name, column in zip(names, table.columns, strict=True)}, strict=False)
