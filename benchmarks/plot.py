"""A plot of costs against numbers of objects, as an SVG that needs nothing to be drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 420, 60, 40, 20, 270
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#8f2d56", "#c98a0c", "#5c5f66")


def log_log(curves: Mapping[str, Mapping[int, float]], across: str, up: str) -> str:
    """Curves of positive values by number, both axes logarithmic; ``across`` and ``up`` name the axes."""
    numbers = sorted({number for curve in curves.values() for number in curve})
    values = [value for curve in curves.values() for value in curve.values()]
    powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)

    def x(number: float) -> float:
        span = math.log10(numbers[-1] / numbers[0]) or 1
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(number / numbers[0]) / span

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (math.log10(value) - powers[0]) / max(len(powers) - 1, 1)

    parts = [_text(x(number), HEIGHT - BOTTOM + 18, f"{number:,}", "middle") for number in numbers]
    parts += [_text((WIDTH - RIGHT + LEFT) / 2, HEIGHT - 6, across, "middle"), _text(8, 14, up, "start")]
    for power in powers:
        parts.append(_line([(LEFT, y(10**power)), (WIDTH - RIGHT, y(10**power))], "#dddddd", 1))
        parts.append(_text(LEFT - 6, y(10**power) + 4, f"{10**power:g}", "end"))
    for place, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        points = [(x(number), y(value)) for number, value in sorted(curve.items())]
        parts.append(_line(points, colour, 2))
        parts.append(_text(WIDTH - RIGHT + 30, TOP + 14 + 20 * place, name, "start", colour))
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">\n{body}\n</svg>\n'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#333333") -> str:
    style = f'font-family="sans-serif" font-size="12" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{words}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str, width: int) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
