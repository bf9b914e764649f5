"""The ground of a figure with two axes: its frame, the numbers beside it, lines of points, and who is who."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from agent.report.drawing import Axis, at, line, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.report.drawing import Palette, Point

WIDTH, HEIGHT = 340, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 330, 34, 244
_LETTER = 5.9
_MOST_NAMES = 3
"""How many models have their names above: more would not fit on a phone."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where the values of a figure are; both axes have a name."""

    x: Axis
    y: Axis
    across: str
    up: str
    percent: bool = False
    """Whether the values upwards, or downwards from zero, are written as percentages."""

    @classmethod
    def of(
        cls,
        across: str,
        up: str,
        *,
        x: Sequence[float] = (0, 1),
        y: Sequence[float] = (0, 1),
        percent: bool = False,
    ) -> Plane:
        """A plane that spans the extremes of the values: from 0 to 1 without them."""
        return cls(
            x=Axis(low=min(x), high=max(x), start=_LEFT, end=_RIGHT),
            y=Axis(low=min(y), high=max(y), start=_BOTTOM, end=_TOP),
            across=across,
            up=up,
            percent=percent,
        )

    def place(self, x: float, y: float) -> Point:
        """Where a point is."""
        return self.x.at(x), self.y.at(y)

    def frame(self, colours: Palette) -> Iterator[ET.Element]:
        """Lines at the quarters, with numbers at the ends and in the middle, and the names of the axes."""
        for share, anchor in ((0.0, "start"), (0.25, ""), (0.5, "middle"), (0.75, ""), (1.0, "end")):
            x, y = (axis.low + share * (axis.high - axis.low) for axis in (self.x, self.y))
            yield line(self.place(x, self.y.low), self.place(x, self.y.high), colours.line, 1)
            yield line(self.place(self.x.low, y), self.place(self.x.high, y), colours.line, 1)
            if anchor:
                up = f"{100 * abs(y):.2g} %" if self.percent else f"{y:.3g}"
                yield text(f"{x:.3g}", self.x.at(x), _BOTTOM + 16, colours.faint, size="11", anchor=anchor)
                yield text(up, _LEFT - 6, self.y.at(y) + 4, colours.faint, size="11", anchor="end")
        yield text(self.across, (_LEFT + _RIGHT) / 2, _BOTTOM + 34, colours.faint, size="11", anchor="middle")
        yield text(self.up, _LEFT - 38, _TOP - 20, colours.faint, size="11")

    def path(self, xs: Iterable[float], ys: Iterable[float], colour: str, *, dash: str = "") -> ET.Element:
        """A line through points."""
        places = (self.place(x, y) for x, y in zip(xs, ys, strict=True))
        paint = {"fill": "none", "stroke": colour, "stroke-width": "2", "stroke-linejoin": "round"}
        paint |= {"stroke-dasharray": dash} if dash else {}
        return ET.Element("polyline", {"points": " ".join(f"{at(x)},{at(y)}" for x, y in places), **paint})

    def bar(self, x: tuple[float, float], y: tuple[float, float], fill: str) -> ET.Element:
        """A box between two values of each axis, with a gap to the next one."""
        left, right = sorted(map(self.x.at, x))
        top, bottom = sorted(map(self.y.at, y))
        size = {"width": at(max(right - left - 1, 0.5)), "height": at(bottom - top)}
        return ET.Element("rect", {"x": at(left + 0.5), "y": at(top), **size, "fill": fill})


DASHES = ("", "6 4", "2 4")
"""How the lines of the build and of the champions differ, for those who do not see colours."""


def names(told: Sequence[str], colours: Palette) -> Iterator[ET.Element]:
    """Which line is whose, at the upper right."""
    x = float(_RIGHT)
    shown = list(zip(told, DASHES, strict=False))[:_MOST_NAMES]
    for name, dash in reversed(shown):
        x -= _LETTER * len(name)
        yield text(name, x, _TOP - 20, colours.faint, size="11")
        yield line((x - 24, _TOP - 24), (x - 6, _TOP - 24), hue(dash, colours), 2, dash=dash)
        x -= 34


def hue(dash: str, colours: Palette) -> str:
    """The build's own colour, or that of champions."""
    return colours.champion if dash else colours.build
