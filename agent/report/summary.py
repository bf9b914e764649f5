"""The build in a few words, for the places that have room for no more: Jenkins's list of builds, badges, a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.naming import short
from agent.report.build import State
from agent.report.wording import difference, number, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.report.build import BuildReport, MetricRow

_MOST_BADGES = 4
_COLOURS = {
    State.DONE: "green",
    State.REFUSED: "orange",
    State.FAILED: "red",
    State.INTERRUPTED: "gray",
    State.NOT_RUN: "gray",
}
_CONCLUSIONS: dict[State, Literal["SUCCESS", "FAILURE", "NEUTRAL", "CANCELED"]] = {
    State.DONE: "SUCCESS",
    State.REFUSED: "FAILURE",
    State.FAILED: "FAILURE",
    State.INTERRUPTED: "CANCELED",
    State.NOT_RUN: "NEUTRAL",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Badge(_Part):
    """A word or two beside a build."""

    text: str = Field(description="What it says.")
    color: str = Field(description="Name of a colour: green, orange, red, gray or blue.")


class Check(_Part):
    """What a code host shows as a check of the commit."""

    name: str = Field(description="Name, the same for all builds of a project.")
    title: str = Field(description="The conclusion as a sentence.")
    summary: str = Field(description="Markdown: the comment without what is hidden or folded.")
    conclusion: Literal["SUCCESS", "FAILURE", "NEUTRAL", "CANCELED"] = Field(description="As Jenkins's checks call it.")


def description(report: BuildReport) -> str:
    """One line for the build."""
    conclusion = report.conclusion
    told = conclusion.state is State.DONE or (conclusion.state is State.REFUSED and ": " in conclusion.headline)
    first = "" if told or not conclusion.reasons else f": {conclusion.reasons[0]}"
    return one_line(f"{conclusion.headline}{first}")


def badges(report: BuildReport) -> tuple[Badge, ...]:
    """The state, the release, and the metrics that gates judge."""
    return tuple(_badges(report))[:_MOST_BADGES]


def check(report: BuildReport, summary: str) -> Check:
    """The check; ``summary`` is Markdown."""
    return Check(
        name=f"modelyard {report.facts.project}",
        title=one_line(report.conclusion.headline, 120),
        summary=summary,
        conclusion=_CONCLUSIONS[report.conclusion.state],
    )


def _badges(report: BuildReport) -> Iterator[Badge]:
    state = report.conclusion.state
    warned = any(not verdict.passed for verdict in report.verdicts)
    colour = "orange" if state is State.DONE and warned else _COLOURS[state]
    overridden = any(verdict.override for verdict in report.verdicts)
    yield Badge(text=f"{state.value.replace('_', ' ')}{', overridden' if overridden else ''}", color=colour)
    if report.release:
        yield Badge(text=f"release {short(report.release)}", color="blue")
    for row in report.metrics:
        if row.gates:
            yield _metric(row)


def _metric(row: MetricRow) -> Badge:
    """A metric with its distance from the first champion."""
    missed = any(not gate.passed for gate in row.gates)
    beside = f" ({difference(row.champions[0].difference)})" if row.champions else ""
    return Badge(text=f"{row.name} {number(row.value)}{beside}", color="orange" if missed else "green")
