"""How scores are spread in both classes, and how far a regression is off."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from agent.report.drawing import Measures, line, text
from agent.report.figures.figure import Figure
from agent.report.figures.plane import HEIGHT, WIDTH, Plane
from agent.report.wording import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree import ElementTree as ET

    from agent.report.drawing import Palette
    from agent.report.figures.figure import MeasuredModels


def histograms(models: MeasuredModels) -> Iterator[Figure]:
    """The histograms of the build's model."""
    yield from _scores(models)
    yield from _residuals(models)


def _scores(models: MeasuredModels) -> Iterator[Figure]:
    """Shares of each class: one may be much rarer than the other. Class 1 goes up, class 0 goes down."""
    found = models.candidate.scores
    if found is None:
        return
    ups, downs = _shares(found.positives), _shares(found.negatives)
    most = max(*ups, *downs)
    plane = Plane.of("score", "class 1 (up) and class 0 (down)", x=found.edges, y=(-most, most), percent=True)
    threshold = models.candidate.threshold
    words = f"Scores. Class 1 is mostly {_range(found.edges, ups)}, class 0 mostly {_range(found.edges, downs)}" + (
        f"; rows from {about(threshold)} on are taken for class 1" if threshold is not None else ""
    )

    def parts(colours: Palette) -> Iterator[ET.Element]:
        yield from plane.frame(colours)
        for edges, up, down in zip(pairwise(found.edges), ups, downs, strict=True):
            yield plane.bar(edges, (0, up), colours.build)
            yield plane.bar(edges, (0, -down), colours.champion)
        if threshold is not None and found.edges[0] <= threshold <= found.edges[-1]:
            x = plane.x.at(threshold)
            yield line((x, plane.y.at(most)), (x, plane.y.at(-most)), colours.ink, 1, dash="4 3")
            yield text("threshold", x + 4, plane.y.at(most) + 12, colours.ink, size="11")

    yield Figure(name="scores", title="Scores", size=Measures(width=WIDTH, height=HEIGHT, words=words), parts=parts)


def _residuals(models: MeasuredModels) -> Iterator[Figure]:
    found = models.candidate.residuals
    if found is None:
        return
    shares = _shares(found.counts)
    plane = Plane.of("prediction less label", "share of rows", x=found.edges, y=(0, max(shares)), percent=True)
    quantiles = ", ".join(f"{float(share):.0%} are below {about(value)}" for share, value in found.quantiles.items())

    def parts(colours: Palette) -> Iterator[ET.Element]:
        yield from plane.frame(colours)
        for edges, share in zip(pairwise(found.edges), shares, strict=True):
            yield plane.bar(edges, (0, share), colours.build)
        if found.edges[0] <= 0 <= found.edges[-1]:
            yield line(plane.place(0, 0), plane.place(0, plane.y.high), colours.ink, 1, dash="4 3")

    size = Measures(width=WIDTH, height=HEIGHT, words=f"Residuals. Of the rows, {quantiles}")
    yield Figure(name="residuals", title="Residuals", size=size, parts=parts)


def _shares(counts: Sequence[float]) -> Sequence[float]:
    whole = sum(counts) or 1
    return [count / whole for count in counts]


def _range(edges: Sequence[float], shares: Sequence[float]) -> str:
    """The fewest bins that hold at least half of the rows, from the fullest outwards."""
    fullest = max(range(len(shares)), key=lambda index: shares[index])
    low, high = fullest, fullest
    while sum(shares[low : high + 1]) < 0.5 and (low > 0 or high < len(shares) - 1):
        left = shares[low - 1] if low > 0 else -1.0
        right = shares[high + 1] if high < len(shares) - 1 else -1.0
        low, high = (low - 1, high) if left >= right else (low, high + 1)
    return f"between {about(edges[low])} and {about(edges[high + 1])}"
