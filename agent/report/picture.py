"""The picture of the metrics: for each the build, the champions and the limits of its gates, on one axis; as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.drawing import Axis, Measures, at, dot, drawn, line, text
from agent.report.wording import difference, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.report.build import BuildReport, MetricRow
    from agent.report.drawing import Palette

_WIDTH, _ROW, _TOP, _EDGE = 340, 76, 34, 8


def picture(report: BuildReport, palette: Palette) -> bytes:
    """The picture as an SVG document; it carries no text that the tables do not."""
    size = measures(report)
    parts = [*_legend(report, palette)]
    for index, row in enumerate(report.first_metrics):
        parts += _row(row, _TOP + index * _ROW, palette)
    return drawn(size, parts)


def measures(report: BuildReport) -> Measures:
    """Of the picture of a report's metrics."""
    words = "; ".join(_described(row) for row in report.first_metrics)
    return Measures(width=_WIDTH, height=_TOP + _ROW * len(report.first_metrics), words=words)


def _described(row: MetricRow) -> str:
    beside = "".join(f", champion of {one.environment} {number(one.value)}" for one in row.champions)
    return f"{row.name}: this build {number(row.value)}{beside}"


def axis_of(row: MetricRow) -> Axis:
    """An axis from left to right on which everything of a row has a place."""
    limits = [gate.limit for gate in row.gates if gate.limit is not None]
    values = [row.value, *(one.value for one in row.champions), *limits]
    values += row.reach or ()
    return Axis.around(values, start=_EDGE, end=_WIDTH - _EDGE)


def _row(row: MetricRow, top: int, colours: Palette) -> Iterator[ET.Element]:
    axis, y = axis_of(row), top + 40
    yield text(row.name, _EDGE, top + 18, colours.ink, weight="600")
    told, colour = _told(row, colours)
    yield text(told, _WIDTH - _EDGE, top + 18, colour, anchor="end")
    yield from _refused(row, axis, y, colours)
    yield line((_EDGE, y), (_WIDTH - _EDGE, y), colours.line, 2)
    for gate in row.gates:
        if gate.limit is not None:
            x = axis.at(gate.limit)
            yield line((x, y - 11), (x, y + 11), colours.bad, 2, dash="3 2")
    for champion in row.champions:
        yield dot(axis.at(champion.value), y, colours.champion, hollow=True)
    if row.reach:
        ends = [axis.at(end) for end in row.reach]
        yield line((ends[0], y), (ends[1], y), colours.build, 4)
    yield dot(axis.at(row.value), y, colours.build)
    yield text(f"{axis.low:.4g}", _EDGE, y + 26, colours.faint, size="11")
    yield text(f"{axis.high:.4g}", _WIDTH - _EDGE, y + 26, colours.faint, size="11", anchor="end")


def _told(row: MetricRow, colours: Palette) -> tuple[str, str]:
    """Value and difference, and their colour."""
    if not row.champions:
        return number(row.value), colours.ink
    first = row.champions[0]
    colour = {None: colours.ink, True: colours.good, False: colours.bad}[first.better]
    return f"{number(row.value)} ({difference(first.difference)})", colour


def _refused(row: MetricRow, axis: Axis, y: int, colours: Palette) -> Iterator[ET.Element]:
    """The sides of the axis on which a gate refuses."""
    for gate in row.gates:
        if gate.limit is None or gate.severity != "block":
            continue
        x, left, right = axis.at(gate.limit), float(_EDGE), float(_WIDTH - _EDGE)
        start, end = (left, x) if gate.comparison == "at least" else (x, right)
        box = {"x": at(start), "y": str(y - 8), "width": at(end - start), "height": "16", "rx": "3"}
        yield ET.Element("rect", {**box, "fill": colours.refused})


def _legend(report: BuildReport, colours: Palette) -> Iterator[ET.Element]:
    champions = list(dict.fromkeys(one.environment for row in report.first_metrics for one in row.champions))
    held = f"champion of {' and '.join(champions)}"[:28]
    x = float(_EDGE + 6)
    yield dot(x, 14, colours.build)
    yield text("this build", x + 10, 18, colours.faint, size="11")
    x += 82
    if champions:
        yield dot(x, 14, colours.champion, hollow=True)
        yield text(held, x + 10, 18, colours.faint, size="11")
        x += 26 + 5.9 * len(held)
    if any(gate.limit is not None for row in report.first_metrics for gate in row.gates):
        yield line((x, 5), (x, 23), colours.bad, 2, dash="3 2")
        yield text("limit of a gate", x + 7, 18, colours.faint, size="11")
