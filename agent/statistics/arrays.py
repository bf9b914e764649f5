"""What all statistics take and give: arrays of one number a row, refused where they cannot be meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.errors import UserCodeFailedError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Codes = NDArray[np.signedinteger[Any]]
    """Numbers of classes, groups or queries, from 0."""


class UnusablePredictionsError(UserCodeFailedError):
    """Predictions cannot be measured: what is wrong, in which column, in which row."""


@dataclass(frozen=True, kw_only=True)
class Categories:
    """A column of few distinct values: ``names`` by number, and the number of each row, shape (n,)."""

    codes: Codes
    names: tuple[str, ...]


def categories(values: ArrayLike | Categories) -> Categories:
    """The distinct values as text, in their own order; unchanged if they are known already."""
    if isinstance(values, Categories):
        return values
    names, codes = np.unique(np.asarray(values), return_inverse=True)
    return Categories(codes=codes, names=tuple(map(str, names.tolist())))


def finite(values: ArrayLike, name: str) -> NDArray[Any]:
    """The values, floats of one row each; refused where one is missing or infinite."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        shape = " by ".join(map(str, array.shape))
        raise UnusablePredictionsError(f"{name} has to hold one number a row, and holds {shape} of {array.dtype}")
    if array.dtype.kind != "f":
        return array.astype(np.float64)
    row = first_not_finite(array)
    if row is not None:
        raise UnusablePredictionsError(f"{name} is {array[row]} in row {row}; every row needs a number")
    return array


def first_not_finite(array: NDArray[Any]) -> int | None:
    """The first row of floats that is missing or infinite, or None.

    A sum is finite only if all are, and takes a tenth of the time of looking at each.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        whole = array.sum(dtype=np.float64)
    if np.isfinite(whole):
        return None
    wrong = np.flatnonzero(~np.isfinite(array))
    return int(wrong[0]) if len(wrong) else None


def probabilities(values: ArrayLike, name: str = "score") -> NDArray[Any]:
    """Finite values from 0 to 1."""
    array = finite(values, name)
    if array.size and (array.min() < 0 or array.max() > 1):
        row = int(np.flatnonzero((array < 0) | (array > 1))[0])
        raise UnusablePredictionsError(f"{name} is {array[row]:g} in row {row}; a probability is from 0 to 1")
    return array


def binary(values: ArrayLike, name: str = "label") -> Bools:
    """Labels 0 and 1 as booleans."""
    array = np.asarray(values)
    if array.dtype == np.bool_:
        return array
    array = finite(array, name)
    truth: Bools = array == 1
    if not np.array_equal(array, truth):
        row = int(np.flatnonzero(array != truth)[0])
        raise UnusablePredictionsError(
            f"{name} is {array[row]:g} in row {row}; the classes of a binary task are 0 and 1"
        )
    return truth


def weights(values: ArrayLike, name: str = "weight") -> Floats:
    """Finite values that are not negative, and not all 0."""
    array = finite(values, name).astype(np.float64, copy=False)
    if array.size and (array.min() < 0 or array.max() == 0):
        raise UnusablePredictionsError(
            f"{name} has to be 0 or more in every row, and more in one; it is from {array.min():g}"
        )
    return array


def same_length(**columns: NDArray[Any] | None) -> int:
    """The number of rows that all columns have; refused where they differ, or there are none."""
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UnusablePredictionsError(f"columns have different numbers of rows: {told}")
    rows = next(iter(lengths.values()))
    if not rows:
        raise UnusablePredictionsError("there are no rows to measure")
    return rows


def dot(first: Floats, second: Floats) -> Floats:
    """Sums of products along the last axis, shape (...).

    Neither keeps the products nor starts threads, as BLAS does for long vectors, which then wait for each other on a
    busy machine.
    """
    return np.asarray(np.einsum("...k,...k->...", first, second))


def squares(values: Floats, counts: Floats) -> Floats:
    """Sums of counts · values² along the last axis, shape (...)."""
    return np.asarray(np.einsum("...k,...k,...k->...", counts, values, values))


def ratio(part: Floats, whole: Floats) -> Floats:
    """A quotient, NaN where it is undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.where(whole == 0, np.nan, np.divide(part, whole))
    return quotient
