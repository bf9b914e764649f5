"""A value beside a limit: whether it holds, and both in words that never read alike where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Side = Literal["at least", "at most"]

BEYOND: Mapping[Side, str] = {"at least": "below", "at most": "above"}
"""Where a value is that misses a limit."""


def holds(value: float, side: Side, limit: float) -> bool:
    """Whether a value is on that side of a limit; the limit itself is."""
    return value >= limit if side == "at least" else value <= limit


def shown(value: float, limit: float) -> tuple[str, str]:
    """Two numbers as people read them, with as many digits as it takes to tell them apart."""
    short = f"{value:.6g}", f"{limit:.6g}"
    return (repr(value), repr(limit)) if value != limit and short[0] == short[1] else short
