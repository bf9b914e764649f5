"""The picture of the metrics: for each the build, the champions and the limits of its gates, on one axis; as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.wording import difference, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.report.build import BuildReport, MetricRow

_WIDTH, _ROW, _TOP, _EDGE = 340, 76, 34, 8
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
Point = tuple[float, float]
_LEAST_SPAN = 0.02
"""An axis spans no less than this share of its values, so that a difference of no meaning does not look like one."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours of one scheme; attributes carry them, for a page without inline style shows the picture."""

    ink: str
    faint: str
    line: str
    good: str
    bad: str
    build: str
    champion: str
    refused: str


LIGHT = Palette(
    ink="#1b2330",
    faint="#566173",
    line="#c9d0db",
    good="#17703d",
    bad="#b3261e",
    build="#1f5fbf",
    champion="#6b7688",
    refused="#fbe3e1",
)
DARK = Palette(
    ink="#e8ecf3",
    faint="#a5b0c2",
    line="#3d4757",
    good="#6fd19a",
    bad="#ff9d94",
    build="#7fb2ff",
    champion="#a5b0c2",
    refused="#4a2826",
)


def picture(report: BuildReport, palette: Palette) -> bytes:
    """The picture as an SVG document; it carries no text that the tables do not."""
    size = measures(report)
    box = {"viewBox": f"0 0 {size.width} {size.height}", "width": str(size.width), "height": str(size.height)}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **box})
    ET.SubElement(svg, "title").text = size.words
    group = ET.SubElement(svg, "g", {"font-family": _FONT, "font-size": "13"})
    group.extend(_legend(report, palette))
    for index, row in enumerate(report.metrics):
        group.extend(_row(row, _TOP + index * _ROW, palette))
    drawn: bytes = ET.tostring(svg, encoding="utf-8")
    return drawn + b"\n"


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The size of the picture, and what it shows in words: its alternative text."""

    width: int
    height: int
    words: str


def measures(report: BuildReport) -> Measures:
    """Of the picture of a report's metrics."""
    words = "; ".join(_described(row) for row in report.metrics)
    return Measures(width=_WIDTH, height=_TOP + _ROW * len(report.metrics), words=words)


def _described(row: MetricRow) -> str:
    beside = "".join(f", champion of {one.environment} {number(one.value)}" for one in row.champions)
    return f"{row.name}: this build {number(row.value)}{beside}"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """From values to places: ``low`` is at the left edge of the picture's inside, ``high`` at the right."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """The place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return _EDGE + min(max(share, 0.0), 1.0) * (_WIDTH - 2 * _EDGE)


def axis_of(row: MetricRow) -> Axis:
    """An axis on which everything of a row has a place, with some air around."""
    limits = [gate.limit for gate in row.gates if gate.limit is not None]
    values = [row.value, *(one.value for one in row.champions), *limits]
    values += [row.value + side * (row.standard_deviation or 0) for side in (-1, 1)]
    low, high = min(values), max(values)
    span = max(high - low, _LEAST_SPAN * max(abs(low), abs(high)), 1e-9)
    middle = (low + high) / 2
    return Axis(low=middle - 0.6 * span, high=middle + 0.6 * span)


def _row(row: MetricRow, top: int, colours: Palette) -> Iterator[ET.Element]:
    axis, y = axis_of(row), top + 40
    yield _text(row.name, _EDGE, top + 18, colours.ink, weight="600")
    told, colour = _told(row, colours)
    yield _text(told, _WIDTH - _EDGE, top + 18, colour, anchor="end")
    yield from _refused(row, axis, y, colours)
    yield _line((_EDGE, y), (_WIDTH - _EDGE, y), colours.line, 2)
    for gate in row.gates:
        if gate.limit is not None:
            x = axis.x(gate.limit)
            yield _line((x, y - 11), (x, y + 11), colours.bad, 2, dash="3 2")
    for champion in row.champions:
        yield _dot(axis.x(champion.value), y, colours.champion, hollow=True)
    if row.standard_deviation:
        ends = [axis.x(row.value + side * row.standard_deviation) for side in (-1, 1)]
        yield _line((ends[0], y), (ends[1], y), colours.build, 4)
    yield _dot(axis.x(row.value), y, colours.build)
    yield _text(f"{axis.low:.4g}", _EDGE, y + 26, colours.faint, size="11")
    yield _text(f"{axis.high:.4g}", _WIDTH - _EDGE, y + 26, colours.faint, size="11", anchor="end")


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
        x, left, right = axis.x(gate.limit), float(_EDGE), float(_WIDTH - _EDGE)
        start, end = (left, x) if gate.comparison == "at least" else (x, right)
        box = {"x": _at(start), "y": str(y - 8), "width": _at(end - start), "height": "16", "rx": "3"}
        yield ET.Element("rect", {**box, "fill": colours.refused})


def _legend(report: BuildReport, colours: Palette) -> Iterator[ET.Element]:
    champions = list(dict.fromkeys(one.environment for row in report.metrics for one in row.champions))
    held = f"champion of {' and '.join(champions)}"[:28]
    x = float(_EDGE + 6)
    yield _dot(x, 14, colours.build)
    yield _text("this build", x + 10, 18, colours.faint, size="11")
    x += 82
    if champions:
        yield _dot(x, 14, colours.champion, hollow=True)
        yield _text(held, x + 10, 18, colours.faint, size="11")
        x += 26 + 5.9 * len(held)
    if any(gate.limit is not None for row in report.metrics for gate in row.gates):
        yield _line((x, 5), (x, 23), colours.bad, 2, dash="3 2")
        yield _text("limit of a gate", x + 7, 18, colours.faint, size="11")


def _text(
    text: str, x: float, y: float, fill: str, *, anchor: str = "start", weight: str = "400", size: str = "13"
) -> ET.Element:
    place = {"x": _at(x), "y": _at(y), "fill": fill, "text-anchor": anchor, "font-weight": weight, "font-size": size}
    element = ET.Element("text", place)
    element.text = text
    return element


def _dot(x: float, y: float, colour: str, *, hollow: bool = False) -> ET.Element:
    paint = {"fill": "none", "stroke": colour, "stroke-width": "2.5"} if hollow else {"fill": colour}
    # The ring of a champion is seen around a build that achieves the same.
    return ET.Element("circle", {"cx": _at(x), "cy": _at(y), "r": "7.5" if hollow else "5.5", **paint})


def _line(start: Point, end: Point, colour: str, width: float, *, dash: str = "") -> ET.Element:
    (x1, y1), (x2, y2) = start, end
    paint = {"stroke": colour, "stroke-width": str(width), "stroke-linecap": "round"}
    paint |= {"stroke-dasharray": dash} if dash else {}
    return ET.Element("line", {"x1": _at(x1), "y1": _at(y1), "x2": _at(x2), "y2": _at(y2), **paint})


def _at(place: float) -> str:
    return f"{place:.1f}"
