"""Curves of a binary classifier: ROC, precision by recall, and how far its probabilities are true."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agent.report.drawing import Measures, dot, line
from agent.report.figures.figure import Figure
from agent.report.figures.plane import DASHES, HEIGHT, WIDTH, Plane, hue, names
from agent.report.wording import about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from xml.etree import ElementTree as ET

    from agent.measurements import Line, Measurements
    from agent.report.drawing import Palette
    from agent.report.figures.figure import MeasuredModels

Named = tuple[str, "Line"]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A kind of curve, and the values across at which it is read aloud."""

    name: str
    title: str
    plane: Plane
    of: Callable[[Measurements], Line | None]
    read_at: tuple[float, ...]
    diagonal: bool = False


_KINDS = (
    _Kind(
        name="roc",
        title="ROC curve",
        plane=Plane.of("false positive rate", "true positive rate"),
        of=lambda one: one.roc,
        read_at=(0.05, 0.1, 0.2),
        diagonal=True,
    ),
    _Kind(
        name="precision-recall",
        title="Precision by recall",
        plane=Plane.of("recall", "precision"),
        of=lambda one: one.precision_recall,
        read_at=(0.5, 0.8, 0.95),
    ),
)


def curves(models: MeasuredModels) -> Iterator[Figure]:
    """The curves that the build's model has; champions are drawn beside it."""
    yield from (_figure(kind, lines) for kind in _KINDS if (lines := _lines(models, kind.of)))
    yield from _reliability(models)


def _lines(models: MeasuredModels, of: Callable[[Measurements], Line | None]) -> Sequence[Named]:
    if of(models.candidate) is None:
        return ()
    return [(name, found) for name, one in models.named() if (found := of(one))][: len(DASHES)]


def _figure(kind: _Kind, lines: Sequence[Named]) -> Figure:
    told = "; ".join(f"{who}: {', '.join(_read(curve, kind))}" for who, curve in lines)
    size = Measures(width=WIDTH, height=HEIGHT, words=f"{kind.title}. {told}")
    return Figure(name=kind.name, title=kind.title, size=size, parts=partial(_parts, kind, lines))


def _read(curve: Line, kind: _Kind) -> Iterator[str]:
    plane = kind.plane
    for wanted in kind.read_at:
        nearest = min(range(len(curve.x)), key=lambda index: abs(curve.x[index] - wanted))
        yield f"{plane.up} {about(curve.y[nearest])} at a {plane.across} of {about(curve.x[nearest])}"


def _parts(kind: _Kind, lines: Sequence[Named], colours: Palette) -> Iterator[ET.Element]:
    plane = kind.plane
    yield from plane.frame(colours)
    if kind.diagonal:
        yield line(plane.place(0, 0), plane.place(1, 1), colours.faint, 1, dash="2 4")
    for (_, curve), dash in reversed(list(zip(lines, DASHES, strict=False))):
        yield plane.path(curve.x, curve.y, hue(dash, colours), dash=dash)
    yield from names([name for name, _ in lines], colours)


def _reliability(models: MeasuredModels) -> Iterator[Figure]:
    """Dots on the diagonal are probabilities that came true."""
    bins = models.candidate.calibration
    if bins is None or not bins.counts:
        return
    told = "; ".join(
        f"of {count:g} rows with a mean probability of {about(predicted)}, {about(observed)} are positive"
        for predicted, observed, count in zip(bins.predicted, bins.observed, bins.counts, strict=True)
    )
    plane = Plane.of("mean probability", "share of positive rows")

    def parts(colours: Palette) -> Iterator[ET.Element]:
        yield from plane.frame(colours)
        yield line(plane.place(0, 0), plane.place(1, 1), colours.faint, 1, dash="2 4")
        yield plane.path(bins.predicted, bins.observed, colours.build)
        yield from (dot(*plane.place(x, y), colours.build) for x, y in zip(bins.predicted, bins.observed, strict=True))

    size = Measures(width=WIDTH, height=HEIGHT, words=f"Calibration. {told}")
    yield Figure(name="calibration", title="Calibration", size=size, parts=parts)
