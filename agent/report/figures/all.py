"""All figures of a build's predictions, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.figures.curves import curves
from agent.report.figures.histograms import histograms
from agent.report.figures.slices import slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.report.figures.figure import Figure, MeasuredModels


def figures(models: MeasuredModels, judged: Sequence[str] = ()) -> Sequence[Figure]:
    """What there is to draw of them; ``judged`` are the metrics that gates judge."""
    return [*curves(models), *histograms(models), *slices(models, judged)]
