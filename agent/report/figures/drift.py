"""How the rows of a column that has drifted are spread, now and before."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.data import drifted, percent
from agent.report.drawing import Measures, at, text
from agent.report.figures.figure import Figure
from agent.report.wording import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.report.drawing import Palette
    from agent.summaries import ColumnSummary, DataSetSummary, Drift

MOST = 6
"""How many columns are drawn of a data set: those that have drifted farthest."""
_WIDTH, _EDGE, _TOP, _ROW = 340, 8, 34, 40
_BAR, _LEFT, _RIGHT = 9, 8, 286
_NAMED = 3


def drifts(summaries: Sequence[DataSetSummary]) -> Iterator[tuple[DataSetSummary, Sequence[Figure]]]:
    """The figures of each data set; none of one without a drift."""
    for place, summary in enumerate(summaries):
        columns = drifted(summary)[:MOST]
        yield summary, [_figure(f"drift-{place}-{number}", column) for number, column in enumerate(columns)]


def _figure(name: str, column: ColumnSummary) -> Figure:
    drift = column.drift
    assert drift is not None  # it has drifted
    size = Measures(width=_WIDTH, height=_TOP + _ROW * len(drift.bins) + 6, words=_words(column.name, drift))

    def parts(colours: Palette) -> Iterator[ET.Element]:
        yield from _legend(colours)
        most = max(*drift.before, *drift.now)
        for place, bin_ in enumerate(drift.bins):
            yield from _bin(bin_, (drift.before[place], drift.now[place]), most, _TOP + place * _ROW, colours)

    return Figure(name=name, title=column.name, size=size, parts=parts)


def _words(name: str, drift: Drift) -> str:
    """The bins whose shares have changed most."""
    changes = sorted(zip(drift.bins, drift.before, drift.now, strict=True), key=lambda each: -abs(each[2] - each[1]))
    told = "; ".join(f"{bin_} from {percent(before)} to {percent(now)}" for bin_, before, now in changes[:_NAMED])
    return f"{name} has an index of {about(drift.index)}. Of the rows, {told}"


def _bin(name: str, shares: tuple[float, float], most: float, top: int, colours: Palette) -> Iterator[ET.Element]:
    """The bin's name, and below it a framed bar of before and a full one of now."""
    yield text(name, _EDGE, top + 11, colours.ink, size="12")
    for place, share in enumerate(shares):
        y, wide = top + 15 + place * (_BAR + 2), (_RIGHT - _LEFT) * share / most
        colour = colours.build if place else colours.champion
        paint = {"fill": colour} if place else {"fill": "none", "stroke": colour, "stroke-width": "1.5"}
        yield ET.Element("rect", {"x": at(_LEFT), "y": str(y), "width": at(wide), "height": str(_BAR - place), **paint})
        yield text(percent(share), _LEFT + wide + 6, y + 8.5, colours.faint, size="10")


def _legend(colours: Palette) -> Iterator[ET.Element]:
    box = {"y": "9", "width": "14", "height": "9"}
    yield ET.Element("rect", {"x": at(_EDGE), **box, "fill": "none", "stroke": colours.champion, "stroke-width": "1.5"})
    yield text("before", _EDGE + 20, 18, colours.faint, size="11")
    yield ET.Element("rect", {"x": at(_EDGE + 76), **box, "fill": colours.build})
    yield text("this build", _EDGE + 96, 18, colours.faint, size="11")
