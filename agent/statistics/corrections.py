"""Keeps many gates from finding something by chance: p values corrected for their number.

Both answer adjusted p values in the order given, each to be compared with the level that was meant for one test.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down procedure (Scandinavian Journal of Statistics 6, 1979): bounds the chance of a false finding."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    steps = accumulate(((len(order) - at) * p_values[index] for at, index in enumerate(order)), max)
    return _placed(order, [min(1.0, step) for step in steps])


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg's step-up procedure (JRSS B 57, 1995): bounds the share of findings that are false."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    count = len(order)
    steps = accumulate((count / (count - at) * p_values[index] for at, index in enumerate(order)), min)
    return _placed(order, [min(1.0, step) for step in steps])


def _placed(order: list[int], values: list[float]) -> tuple[float, ...]:
    return tuple(value for _, value in sorted(zip(order, values, strict=True)))
