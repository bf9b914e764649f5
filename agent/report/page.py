"""The report as a page that Jenkins shows under its strict Content-Security-Policy: no script, no inline style."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from agent.naming import short
from agent.report import data, gates, wording
from agent.report.build import State
from agent.report.drawing import DARK, LIGHT
from agent.report.figures.all import figures
from agent.report.figures.drift import drifts
from agent.report.load import load_in_words
from agent.report.picture import measures, picture
from agent.report.trend import trend, trend_measures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.build import BuildReport
    from agent.report.figures.figure import Figure
    from agent.summaries import DataSetSummary

TEMPLATES = Path(__file__).parent / "templates"
STYLE = "style.css"
_SIGNS = {
    State.DONE: "✓",
    State.REFUSED: "⊘",
    State.FAILED: "✕",
    State.INTERRUPTED: "■",
    State.NOT_RUN: wording.NOTHING,
}


def pages(report: BuildReport) -> Mapping[str, bytes]:
    """The files of the report by name; ``index.html`` is the page, and refers to no others than these."""
    predicted, moved = _figures(report), list(drifts(report.data.summaries)) if report.data else []
    drawn = [*predicted, *(figure for _, of_set in moved for figure in of_set)]
    return {
        "index.html": _page(report, predicted, moved).encode(),
        STYLE: (TEMPLATES / STYLE).read_bytes(),
        gates.FILE: gates.gates_json(report),
        **_pictures(report, drawn),
    }


def _pictures(report: BuildReport, drawn: Sequence[Figure]) -> Mapping[str, bytes]:
    """Each for light and for dark, as a picture does not see the colours of its page."""
    found: dict[str, bytes] = {}
    if report.metrics:
        found |= {"metrics.svg": picture(report, LIGHT), "metrics-dark.svg": picture(report, DARK)}
    if report.trends:
        found |= {"past.svg": trend(report.trends, LIGHT), "past-dark.svg": trend(report.trends, DARK)}
    for figure in drawn:
        found |= {f"{figure.name}.svg": figure.svg(LIGHT), f"{figure.name}-dark.svg": figure.svg(DARK)}
    return found


def _figures(report: BuildReport) -> Sequence[Figure]:
    judged = [row.name for row in report.metrics if row.gates]
    return figures(report.models, judged) if report.models else ()


def _page(
    report: BuildReport, predicted: Sequence[Figure], moved: Sequence[tuple[DataSetSummary, Sequence[Figure]]]
) -> str:
    return rendered(
        "index.html",
        report=report,
        facts=report.facts,
        sign=_SIGNS[report.conclusion.state],
        pictured=measures(report),
        trends=report.trends,
        drawn=trend_measures(report.trends),
        figures=predicted,
        drifts=moved,
        measured=report.models.candidate if report.models else None,
        stylesheet=STYLE,
    )


def rendered(template: str, **values: object) -> str:
    """A page of a template, in which text is only text."""
    surroundings = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    surroundings.filters |= {
        "number": wording.number,
        "about": wording.about,
        "difference": wording.difference,
        "duration": wording.duration,
        "moment": wording.moment,
        "exit_code": wording.exit_code,
        "short": short,
        "address": address,
        "sentence": sentence,
        "load": load_in_words,
        "size": wording.size,
        "percent": data.percent,
        "values": data.values_in_words,
        "degree": data.degree,
        "index": data.index_in_words,
        "drifted": data.drifted,
        "others": data.others,
    }
    return surroundings.get_template(template).render(values)


def sentence(text: str) -> Markup:
    """Text in which the names between backticks are set as code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else part for index, part in enumerate(parts)
    )


def address(url: str) -> str:
    """An address that a browser may follow; empty for any other, such as one that would run a script."""
    return url if re.fullmatch(r"https?://[^\s\"'<>]+", url) else ""
