"""A metric over releases on two lines of a terminal: how high it was, and what happened there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.report.past import Series

_HEIGHTS = "▁▂▃▄▅▆▇█"
_FLAT = "▄"
BREAK, ROLLED_BACK = "┆", "↩"


def spark_lines(series: Series) -> tuple[str, str]:
    """A block for each value, parted where rows are others, and under it a mark for each rollback."""
    values = [point.value for point in series.points]
    low, high = min(values), max(values)
    blocks, marks = [], []
    breaks = series.breaks()
    for index, point in enumerate(series.points):
        if index in breaks:
            blocks.append(BREAK)
            marks.append(" ")
        blocks.append(_block(point.value, low, high))
        marks.append(ROLLED_BACK if point.kind == "rollback" else " ")
    return "".join(blocks), "".join(marks).rstrip()


def _block(value: float, low: float, high: float) -> str:
    if high == low:
        return _FLAT
    return _HEIGHTS[round((value - low) / (high - low) * (len(_HEIGHTS) - 1))]
