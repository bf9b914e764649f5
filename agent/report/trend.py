"""The picture of metrics over past releases: a row for each metric, joined only where the rows are the same; as SVG."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.drawing import Axis, Measures, at, dot, drawn, line, text
from agent.report.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.report.drawing import Palette
    from agent.report.past import Point, Series

_WIDTH, _ROW, _EDGE = 340, 136, 8
_LINE = 22
_ABOVE, _BELOW, _INSIDE = 32, 108, 12
_SIZE = 5.0
"""Half of a mark's width."""
_LETTER = 5.9


def trend(series: Sequence[Series], palette: Palette, *, paper: str = "") -> bytes:
    """The picture of some metrics; ``paper`` is the colour of its ground, where it stands alone."""
    parts, top = [*_legend(series, palette)], _top(series)
    for index, one in enumerate(series):
        parts += _row(one, top + index * _ROW, palette)
    return drawn(trend_measures(series), parts, paper=paper)


def trend_measures(series: Sequence[Series]) -> Measures:
    """Its size, and what it shows in words."""
    words = "; ".join(f"{one.metric}: {', '.join(_told(one))}" for one in series)
    return Measures(width=_WIDTH, height=_top(series) + _ROW * len(series), words=words)


def _top(series: Sequence[Series]) -> int:
    return 12 + _LINE * len(_legend_lines(series))


def _told(series: Series) -> Iterator[str]:
    breaks = series.breaks()
    for index, point in enumerate(series.points):
        before = {"release": "", "rollback": "rolled back to ", "build": "this build "}[point.kind]
        notes = (f" on {point.day}" if point.day else "", " on other rows" if index in breaks else "")
        yield f"{before}{number(point.value)}{''.join(notes)}{' (live)' if point.live else ''}"


def _row(series: Series, top: int, colours: Palette) -> Iterator[ET.Element]:
    points = series.points
    axis = Axis.around([*_extremes(points)], start=top + _BELOW, end=top + _ABOVE)
    places = [(x, axis.at(point.value)) for x, point in zip(_across(len(points)), points, strict=True)]
    yield text(series.metric, _EDGE, top + 18, colours.ink, weight="600")
    yield text(number(points[-1].value), _WIDTH - _EDGE, top + 18, colours.ink, anchor="end")
    for y in (top + _ABOVE, top + _BELOW):
        yield line((_EDGE, y), (_WIDTH - _EDGE, y), colours.line, 1)
    yield text(f"{axis.high:.4g}", _EDGE, top + _ABOVE + 12, colours.faint, size="11")
    yield text(f"{axis.low:.4g}", _EDGE, top + _BELOW - 4, colours.faint, size="11")
    yield from _joined(places, series.breaks(), top, colours)
    for place, point in zip(places, points, strict=True):
        yield from _mark(place, point, axis, colours)
    yield from _days(points, top, colours)


def _extremes(points: Sequence[Point]) -> Iterator[float]:
    return (point.value + side * (point.standard_deviation or 0) for point in points for side in (-1, 1))


def _across(count: int) -> Sequence[float]:
    """Places from left to right, beside the numbers of the axis."""
    left, right = _EDGE + 56.0, _WIDTH - _EDGE - float(_INSIDE)
    return [left + (right - left) * ((index + 0.5) / count) for index in range(count)]


def _joined(
    places: Sequence[tuple[float, float]], breaks: frozenset[int], top: int, colours: Palette
) -> Iterator[ET.Element]:
    """Lines between what was measured on the same rows, and a border between what was not."""
    for index, (start, end) in enumerate(pairwise(places), 1):
        if index in breaks:
            middle = (start[0] + end[0]) / 2
            yield line((middle, top + _ABOVE), (middle, top + _BELOW), colours.faint, 1, dash="2 4")
        else:
            yield line(start, end, colours.champion, 2)


def _mark(place: tuple[float, float], point: Point, axis: Axis, colours: Palette) -> Iterator[ET.Element]:
    x, y = place
    if point.standard_deviation:
        ends = [axis.at(point.value + side * point.standard_deviation) for side in (-1, 1)]
        yield line((x, ends[0]), (x, ends[1]), colours.champion, 2)
    if point.kind == "rollback":
        yield _diamond(x, y, colours.champion)
    else:
        yield dot(x, y, colours.build if point.kind == "build" else colours.champion)
    if point.live:
        yield _ring(x, y, colours.ink)


def _diamond(x: float, y: float, colour: str) -> ET.Element:
    reach = _SIZE + 1.5
    corners = ((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))
    return ET.Element("polygon", {"points": " ".join(f"{at(a)},{at(b)}" for a, b in corners), "fill": colour})


def _ring(x: float, y: float, colour: str) -> ET.Element:
    return ET.Element(
        "circle", {"cx": at(x), "cy": at(y), "r": "9.5", "fill": "none", "stroke": colour, "stroke-width": "1.5"}
    )


def _days(points: Sequence[Point], top: int, colours: Palette) -> Iterator[ET.Element]:
    days = [point.day for point in points if point.day]
    if not days:
        return
    xs = _across(len(points))
    yield text(days[0], _EDGE, top + _BELOW + 16, colours.faint, size="11")
    if days[-1] != days[0]:
        yield text(days[-1], xs[-1] + _INSIDE, top + _BELOW + 16, colours.faint, size="11", anchor="end")


def _legend(series: Sequence[Series], colours: Palette) -> Iterator[ET.Element]:
    """What the marks mean, on as many lines as that takes."""
    for number_of_line, names in enumerate(_legend_lines(series)):
        x, y = float(_EDGE + 8), 14 + number_of_line * _LINE
        for name in names:
            group = ET.Element("g", {"transform": f"translate({at(x)} {y})"})
            group.extend([_sign(name, colours), text(name, 14, 4, colours.faint, size="11")])
            yield group
            x += 31 + _LETTER * len(name)


def _legend_lines(series: Sequence[Series]) -> Sequence[Sequence[str]]:
    """The marks that there are, four on a line."""
    points = [point for one in series for point in one.points]
    there = {
        "release": any(point.kind == "release" for point in points),
        "rollback": any(point.kind == "rollback" for point in points),
        "live": any(point.live for point in points),
        "this build": any(point.kind == "build" for point in points),
        "other rows": any(one.breaks() for one in series),
    }
    names = [name for name, found in there.items() if found]
    return [names[start : start + 4] for start in range(0, len(names), 4)]


def _sign(name: str, colours: Palette) -> ET.Element:
    match name:
        case "rollback":
            return _diamond(0, 0, colours.champion)
        case "live":
            return _ring(0, 0, colours.ink)
        case "other rows":
            return line((0, -9), (0, 9), colours.faint, 1, dash="2 4")
        case _:
            return dot(0, 0, colours.build if name == "this build" else colours.champion)
