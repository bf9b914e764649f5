"""The history of an environment for people and for programs: a table with a metric's course under it, or a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.deployment.evidence import Entry
from agent.naming import short
from agent.report.wording import NOTHING, number
from agent.view.spark import BREAK, ROLLED_BACK, spark_lines
from agent.view.table import answer_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import Release, Verdict
    from agent.console import Console
    from agent.report.past import Past, PastRelease, Series

_LEGEND = (
    f"The oldest is on the left, the last one is live; {ROLLED_BACK} is a rollback, {BREAK} parts what was measured on "
    "different rows."
)


def history_document(past: Past, metrics: Sequence[str]) -> dict[str, Any]:
    """Everything, the newest first."""
    return {
        "contract": 1,
        "environment": past.environment,
        "live": past.live,
        "deployments": [_document(one, metrics) for one in reversed(past.entries)],
    }


def _document(one: PastRelease, metrics: Sequence[str]) -> dict[str, Any]:
    entry, release = Entry.of(one.deployment, live=one.live, target=False), one.release
    measured = {name: metric for name in metrics if (metric := one.metric(name))}
    return {
        **entry.model_dump(mode="json", exclude={"target"}),
        "metrics": {name: metric.model_dump(mode="json") for name, metric in measured.items()},
        "rows": release.evaluation.data if release else "",
        "verdicts": [_verdict(verdict) for verdict in release.verdicts] if release else [],
        "commit": release.commit.sha if release else "",
        "subject": release.commit.subject if release else "",
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {**verdict.model_dump(mode="json"), "outcome": verdict.state}


def show_history(past: Past, series: Sequence[Series], console: Console) -> None:
    """The table, the newest first, and the course of each metric."""
    names = [one.metric for one in series]
    titles = ("", "NUMBER", "ENDED", "RELEASE", "WHAT", "BY", *names, "ROWS", "GATES", "SUBJECT")
    answer_table(console, titles, [tuple(_cells(one, names)) for one in reversed(past.entries)])
    if not series:
        return
    console.answer("")
    width = max(len(name) for name in names)
    for one in series:
        for line in _course(one, width):
            console.answer(line)
    console.say(_LEGEND, "faint")


def _cells(one: PastRelease, metrics: Sequence[str]) -> Iterator[str]:
    deployment, release = one.deployment, one.release
    yield "*" if one.live else ""
    yield str(deployment.number)
    yield f"{deployment.ended:%Y-%m-%d %H:%M}Z"
    yield short(deployment.release)
    yield f"{deployment.action} {deployment.status}"
    yield f"{deployment.who}, approved by {deployment.approval.by}" if deployment.approval else deployment.who
    for name in metrics:
        measured = one.metric(name)
        yield number(measured.value) if measured else NOTHING
    yield short(release.evaluation.data) if release else NOTHING
    yield _gates(release, deployment.environment)
    yield release.commit.subject if release else "its document cannot be read"


def _gates(release: Release | None, environment: str) -> str:
    """How many of those that guard the environment let the release pass, and what the others came to then."""
    verdicts = [verdict for verdict in release.verdicts if verdict.guards(environment)] if release else []
    if not verdicts:
        return NOTHING
    others = [f"{verdict.gate} {verdict.state}" for verdict in verdicts if not verdict.passed]
    return ", ".join((f"{len(verdicts) - len(others)}/{len(verdicts)} passed", *others))


def _course(series: Series, width: int) -> Iterator[str]:
    blocks, marks = spark_lines(series)
    ends = dict.fromkeys(number(end([point.value for point in series.points])) for end in (min, max))
    yield f"{series.metric.ljust(width)}  {blocks}  {' to '.join(ends)}"
    if marks:
        yield f"{' ' * width}  {marks}"
