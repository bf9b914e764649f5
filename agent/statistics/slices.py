"""Measures parts of the data apart, because a good mean may hide a part that the model fails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.arrays import Categories, categories
from agent.statistics.intervals import Estimate, difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike

    from agent.statistics.arrays import Codes

    Measure = Callable[[Codes], Estimate]
    """Measures some rows, given by their indices."""

SUPPORT = 100


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The rows in which a column has a value; ``estimate`` is None where they are fewer than the minimum support."""

    value: str
    rows: int
    estimate: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Slices:
    """All slices of a column by value; ``worst`` of those with support, and how far the rest is better: ``gap``.

    ``gap`` has the interval of two independent samples, and is positive where the worst slice is worse than the rest.
    Both are None where fewer than two slices have support.
    """

    column: str
    slices: Sequence[Slice]
    worst: Slice | None
    gap: Estimate | None


def by_slice(
    column: str,
    values: ArrayLike | Categories,
    measure: Measure,
    *,
    support: int = SUPPORT,
    greater_is_better: bool = True,
) -> Slices:
    """Measure each slice of a column with values of shape (n,), each at least ``support`` rows large."""
    known = categories(values)
    slices, rows = [], {}
    for value, indices in groups(known):
        enough = len(indices) >= support
        rows[value] = indices
        slices.append(Slice(value=value, rows=len(indices), estimate=measure(indices) if enough else None))
    worst = _worst(slices, greater_is_better=greater_is_better)
    gap = None
    if worst is not None and worst.estimate is not None:
        others = np.ones(len(known.codes), np.bool_)
        others[rows[worst.value]] = False
        rest = measure(np.flatnonzero(others))
        sides = (rest, worst.estimate) if greater_is_better else (worst.estimate, rest)
        gap = difference(*sides)
    return Slices(column=column, slices=tuple(slices), worst=worst, gap=gap)


def groups(values: ArrayLike | Categories) -> Iterator[tuple[str, Codes]]:
    """Each distinct value as text, with the indices of its rows, ascending."""
    known = categories(values)
    order = np.argsort(known.codes, kind="stable")
    ends = np.cumsum(np.bincount(known.codes, minlength=len(known.names)))
    for name, start, end in zip(known.names, [0, *ends[:-1]], ends, strict=True):
        yield name, order[start:end]


def _worst(slices: Sequence[Slice], *, greater_is_better: bool) -> Slice | None:
    """By value; a slice whose metric is undefined (of one class only, say) is none of those compared."""
    measured = [(each, each.estimate.value) for each in slices if each.estimate and math.isfinite(each.estimate.value)]
    if len(measured) < 2:
        return None
    return (min if greater_is_better else max)(measured, key=lambda pair: pair[1])[0]
