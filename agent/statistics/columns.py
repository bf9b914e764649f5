"""Says of a column that cannot be meant which row is wrong, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics.arrays import first_not_finite
from agent.statistics.schema import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
NUMBERS = INTEGERS | {"FLOAT", "DOUBLE"}
_FITTING = {
    Kind.NUMBER: NUMBERS,
    Kind.PROBABILITY: NUMBERS,
    Kind.AMOUNT: NUMBERS,
    Kind.TRUTH: NUMBERS | {"BOOLEAN"},
    Kind.NAME: INTEGERS | {"BOOLEAN", "VARCHAR"},
    Kind.IDENTIFIER: INTEGERS | {"VARCHAR"},
}
_LIMITS = {Kind.PROBABILITY: (0.0, 1.0), Kind.AMOUNT: (0.0, np.inf)}
NAMES = (Kind.NAME, Kind.IDENTIFIER)
"""What is read as categories."""


def refusal_of_type(held: str, kind: Kind) -> str | None:
    """What is wrong with a column's type, by DuckDB's name, or None."""
    return None if held in _FITTING[kind] else f"holds {held}; it has to hold {kind}"


def refusal(values: NDArray[Any], kind: Kind) -> tuple[int, str] | None:
    """The first row of a column that is wrong, and what is; None if there is none."""
    if isinstance(values, np.ma.MaskedArray) and (missing := np.flatnonzero(np.ma.getmaskarray(values))).size:
        return int(missing[0]), f"has {missing.size} missing values, the first"
    if kind in NAMES or (row := _wrong(np.asarray(values), kind)) is None:
        return None
    return row, f"is {values[row]}; it has to hold {kind}; this is"


def _wrong(values: NDArray[Any], kind: Kind) -> int | None:
    if values.dtype == np.bool_:
        return None
    if values.dtype.kind == "f" and (row := first_not_finite(values)) is not None:
        return row
    if kind is Kind.TRUTH:
        return _first((values != 0) & (values != 1))
    low, high = _LIMITS.get(kind, (-np.inf, np.inf))
    inside = not values.size or (values.min() >= low and values.max() <= high)
    return None if inside else _first((values < low) | (values > high))


def _first(wrong: NDArray[np.bool_]) -> int | None:
    rows = np.flatnonzero(wrong)
    return int(rows[0]) if rows.size else None
