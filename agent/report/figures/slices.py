"""A metric in parts of the data, each with its interval, beside its value on all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.drawing import Axis, Measures, dot, line, text
from agent.report.figures.figure import Figure
from agent.report.wording import about
from agent.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree import ElementTree as ET

    from agent.measurements import Measured, MeasuredSlice, SliceColumn
    from agent.report.drawing import Palette
    from agent.report.figures.figure import MeasuredModels

_WIDTH, _ROW, _TOP, _EDGE = 340, 34, 34, 8
_MOST = 12
"""How many slices are drawn: those with the most rows. The table has all."""
_MOST_METRICS = 2
_LONGEST = 26


def slices(models: MeasuredModels, judged: Sequence[str] = ()) -> Iterator[Figure]:
    """A picture for each column and the first metrics that are ``judged``, or else the first that its slices have."""
    for index, column in enumerate(models.candidate.slices):
        there = list(dict.fromkeys(name for one in column.slices for name in one.metrics))
        for metric in ([name for name in judged if name in there] or there[:1])[:_MOST_METRICS]:
            shown = [one for one in column.slices if _value(one, metric)][:_MOST]
            if shown:
                yield _figure(f"{index}-{metric}", column, metric, shown, models.candidate.metrics.get(metric))


def _value(one: MeasuredSlice, metric: str) -> bool:
    measured = one.metrics.get(metric)
    return measured is not None and measured.value is not None


def _figure(
    name: str, column: SliceColumn, metric: str, shown: Sequence[MeasuredSlice], whole: Measured | None
) -> Figure:
    told = "; ".join(f"{one.value}: {_told(one.metrics[metric])} of {one.rows} rows" for one in shown)
    values = [value for one in shown for value in _reach(one.metrics[metric])]
    overall = whole.value if whole else None
    axis = Axis.around([*values, *([overall] if overall is not None else [])], start=_EDGE, end=_WIDTH - _EDGE)
    bottom = _TOP + _ROW * len(shown)

    def parts(colours: Palette) -> Iterator[ET.Element]:
        if overall is not None:
            x = axis.at(overall)
            yield line((x, _TOP - 14), (x, bottom), colours.faint, 1, dash="4 3")
            yield text(f"all rows {about(overall)}", x, _TOP - 20, colours.faint, size="11", anchor="middle")
        for row, one in enumerate(shown):
            yield from _row(one, one.metrics[metric], axis, _TOP + row * _ROW, colours)
        yield text(f"{axis.low:.4g}", _EDGE, bottom + 16, colours.faint, size="11")
        yield text(f"{axis.high:.4g}", _WIDTH - _EDGE, bottom + 16, colours.faint, size="11", anchor="end")

    title = f"{metric} by {column.column}"
    size = Measures(width=_WIDTH, height=bottom + 26, words=f"{title}. {told}")
    return Figure(name=f"slices-{name}", title=title, size=size, parts=parts)


def _reach(measured: Measured) -> Iterator[float]:
    """Everything of it that needs a place."""
    if measured.value is not None:
        yield measured.value
    if measured.interval is not None:
        yield from (measured.interval.low, measured.interval.high)


def _told(measured: Measured) -> str:
    value = about(measured.value) if measured.value is not None else "unknown"
    interval = measured.interval
    return f"{value} ({about(interval.low)} to {about(interval.high)})" if interval else value


def _row(one: MeasuredSlice, measured: Measured, axis: Axis, top: float, colours: Palette) -> Iterator[ET.Element]:
    y = top + 24
    yield text(shortened(one.value, _LONGEST), _EDGE, top + 12, colours.ink, size="12")
    yield text(f"{one.rows} rows", _WIDTH - _EDGE, top + 12, colours.faint, size="11", anchor="end")
    yield line((_EDGE, y), (_WIDTH - _EDGE, y), colours.line, 1)
    if measured.interval is not None:
        ends = (axis.at(measured.interval.low), y), (axis.at(measured.interval.high), y)
        yield line(*ends, colours.build, 4)
    if measured.value is not None:
        yield dot(axis.at(measured.value), y, colours.build)
