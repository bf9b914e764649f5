"""What all pictures of the report are drawn with: colours of two schemes, axes, dots, lines and text; as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The size of the picture, and what it shows in words: its alternative text."""

    width: int
    height: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Axis:
    """From values to places: ``low`` is at ``start``, ``high`` at ``end``."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float], *, start: float, end: float) -> Axis:
        """An axis on which all of the values have a place, with some air around."""
        low, high = min(values), max(values)
        span = max(high - low, _LEAST_SPAN * max(abs(low), abs(high)), 1e-9)
        middle = (low + high) / 2
        return cls(low=middle - 0.6 * span, high=middle + 0.6 * span, start=start, end=end)

    def at(self, value: float) -> float:
        """The place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def drawn(size: Measures, parts: Iterable[ET.Element], *, paper: str = "") -> bytes:
    """The SVG document of that size; without ``paper`` it has no ground of its own."""
    box = {"viewBox": f"0 0 {size.width} {size.height}", "width": str(size.width), "height": str(size.height)}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **box})
    ET.SubElement(svg, "title").text = size.words
    if paper:
        ET.SubElement(svg, "rect", {"width": str(size.width), "height": str(size.height), "fill": paper})
    group = ET.SubElement(svg, "g", {"font-family": _FONT, "font-size": "13"})
    group.extend(parts)
    document: bytes = ET.tostring(svg, encoding="utf-8")
    return document + b"\n"


def text(
    words: str, x: float, y: float, fill: str, *, anchor: str = "start", weight: str = "400", size: str = "13"
) -> ET.Element:
    """Words at a place, on their line of writing."""
    place = {"x": at(x), "y": at(y), "fill": fill, "text-anchor": anchor, "font-weight": weight, "font-size": size}
    element = ET.Element("text", place)
    element.text = words
    return element


def dot(x: float, y: float, colour: str, *, hollow: bool = False) -> ET.Element:
    """A dot, or a ring that is wider than one."""
    paint = {"fill": "none", "stroke": colour, "stroke-width": "2.5"} if hollow else {"fill": colour}
    # The ring of a champion is seen around a build that achieves the same.
    return ET.Element("circle", {"cx": at(x), "cy": at(y), "r": "7.5" if hollow else "5.5", **paint})


def line(start: Point, end: Point, colour: str, width: float, *, dash: str = "") -> ET.Element:
    """A line from one place to another."""
    (x1, y1), (x2, y2) = start, end
    paint = {"stroke": colour, "stroke-width": str(width), "stroke-linecap": "round"}
    paint |= {"stroke-dasharray": dash} if dash else {}
    return ET.Element("line", {"x1": at(x1), "y1": at(y1), "x2": at(x2), "y2": at(y2), **paint})


def at(place: float) -> str:
    """A place as an attribute has it."""
    return f"{place:.1f}"
