"""Rows for people, in columns as wide as they need to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.console import Console


def answer_table(console: Console, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their titles on standard output; the last column is never padded."""
    if not rows:
        return
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    for row in (titles, *rows):
        console.answer("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
