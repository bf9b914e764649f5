"""The comment on a pull request: the verdict, one table of metrics against what is deployed, the rest folded away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.build import State
from agent.report.load import load_in_words
from agent.report.markdown import block, code, code_cell, escaped, link, sentence, table
from agent.report.rated import rated_in_words
from agent.report.wording import NOTHING, about, difference, duration, moment, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import Verdict
    from agent.report.build import BuildReport, Compared, Live, MetricRow
    from agent.report.spent import Spending

_MOST = 30_000
"""The longest comment, in characters: the strictest of the hosts takes 32768."""
_SIGNS = {
    State.DONE: "✅",
    State.REFUSED: "⛔",
    State.FAILED: "❌",
    State.INTERRUPTED: "⏹️",
    State.NOT_RUN: "⚪",
}
_VERDICTS = {"passed": "✅", "warned": "⚠️", "refused": "⛔", "overridden": "✍️"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a host's Markdown knows beside the common: HTML, which hides the marker and folds the details."""

    html: bool = True

    def marker(self, project: str) -> str:
        """The first line, which nobody sees: it tells our comment from others, and this project's from another's."""
        name = "".join(character for character in project if character.isalnum() or character in "-_.")
        return f"<!-- modelyard: {name} -->" if self.html else f"[//]: # (modelyard: {name})"

    def folded(self, title: str, body: str) -> str:
        """A part that is opened by who wants to read it; where nothing can be folded, a heading."""
        if self.html:
            return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
        return f"**{title}**\n\n{body}"


def comment(report: BuildReport, dialect: Dialect, *, page: str = "") -> str:
    """The whole comment, its marker first; ``page`` is the address of the HTML report, where it has one."""
    marker = dialect.marker(report.facts.project)
    parts = [marker, short_comment(report, page=page)]
    for title, body in _details(report):
        part = dialect.folded(title, body)
        if sum(map(len, parts)) + len(part) < _MOST:
            parts.append(part)
    return "\n\n".join(parts) + "\n"


def short_comment(report: BuildReport, *, page: str = "") -> str:
    """The comment without what is hidden or folded: also the summary of a check."""
    conclusion = report.conclusion
    sign = _SIGNS[conclusion.state]
    headline = f"{sign} **{escaped(conclusion.headline)}**: {escaped(report.facts.project)}"
    reasons = "\n".join(f"- {sentence(reason)}" for reason in conclusion.reasons)
    metrics = _table(report, report.first_metrics)
    more = "\n".join((*(f"- Data {escaped(one)}" for one in report.drifted), *_endpoints(report)))
    parts = (headline, reasons, escaped(conclusion.advice), metrics, more, _links(report, page))
    return "\n\n".join(part for part in parts if part)[: _MOST // 2]


def _table(report: BuildReport, rows: Sequence[MetricRow]) -> str:
    if not rows:
        return ""
    several = len({one.environment for row in report.metrics for one in row.champions}) > 1
    titles = ("Metric", "Champion", "This build", "Difference", "Gate")
    return table(titles, [cells for row in rows for cells in _rows(row, several=several)])


def _rows(row: MetricRow, *, several: bool) -> Iterator[tuple[str, ...]]:
    """One row for each champion; a metric that no champion has stands alone."""
    if not row.champions:
        yield escaped(row.name), NOTHING, number(row.value), NOTHING, _gates(row.gates)
    for index, champion in enumerate(row.champions):
        held = f"{number(champion.value)} ({escaped(champion.environment)})" if several else number(champion.value)
        told = {None: "", True: " better", False: " worse"}[champion.better]
        gates = _gates(row.gates) if index == 0 else ""
        apart = f"{difference(champion.difference)}{_interval(champion)}{told}"
        yield escaped(row.name), held, number(row.value), apart, gates


def _interval(champion: Compared) -> str:
    if champion.interval is None:
        return ""
    return f" ({difference(champion.interval.low)} to {difference(champion.interval.high)})"


def _gates(gates: tuple[Verdict, ...]) -> str:
    return ", ".join(f"{_sign(gate)} {escaped(gate.gate)}" for gate in gates) or NOTHING


def _sign(verdict: Verdict) -> str:
    return _VERDICTS[verdict.state]


def _says(verdict: Verdict) -> str:
    overridden = f"{verdict.override.told(verdict.gate)}; " if verdict.override else ""
    where = f" (for {' and '.join(verdict.environments)})" if verdict.environments else ""
    return sentence(f"{overridden}{verdict.reason}{where}")


def _endpoints(report: BuildReport) -> Iterator[str]:
    names = [row.name for row in report.first_metrics]
    return (line for live in report.live for line in _endpoint(live, names))


def _endpoint(live: Live, metrics: Sequence[str]) -> Iterator[str]:
    name = code(live.endpoint.rpartition("/")[2])
    where = "" if live.until else f" on {name} in {escaped(live.environment)}"
    if live.until:
        yield f"- Endpoint for this pull request: {name}, until {escaped(live.until)}"
    if live.rated:
        yield f"- Evaluated{where}: {escaped(rated_in_words(live.rated, metrics), start=False)}"
    if live.load:
        yield f"- Load{where}: {load_in_words(live.load)}"


def _links(report: BuildReport, page: str) -> str:
    url = report.facts.url
    links = [link("Report", page)] if page else []
    links += [link("Build", url)] if url else []
    when = f"{escaped(report.facts.commit[:12])} at {moment(report.facts.ended)}".strip()
    return " · ".join((*links, when))


def _machines(spending: Spending) -> str:
    titles = ("Job", "Machines", "Time", "Cost") if spending.priced else ("Job", "Machines", "Time")
    rows = [
        (
            escaped(f"{job.stage}{f' ({job.use.subject})' if job.use.subject else ''}"),
            escaped(f"{job.use.instance_count} \N{MULTIPLICATION SIGN} {job.use.instance_type}", start=False),
            f"{duration(job.seconds) or NOTHING}{' of an earlier build' if job.earlier else ''}",
            _cost(job.cost),
        )
        for job in spending.jobs
    ]
    totals = [
        (one.name, "", f"without {escaped(', '.join(one.without))}" if one.without else "", _cost(one.cost))
        for one in spending.totals
    ]
    return table(titles, [row[: len(titles)] for row in (*rows, *totals)])


def _cost(cost: float | None) -> str:
    return NOTHING if cost is None else about(cost)


def _details(report: BuildReport) -> Iterator[tuple[str, str]]:
    if report.conclusion.lines:
        yield "Last lines", block(report.conclusion.lines)
    if report.verdicts:
        rows = [(f"{_sign(one)} {escaped(one.gate)}", _says(one)) for one in report.verdicts]
        yield "Gates", table(("Gate", "Says"), rows)
    if report.other_metrics:
        yield "Other metrics", _table(report, report.other_metrics)
    if report.stages:
        yield (
            "Stages",
            table(
                ("Stage", "Result", "Time"),
                [
                    (
                        escaped(stage.title),
                        escaped("recalled" if stage.recalled and stage.status == "done" else stage.status),
                        duration(stage.seconds),
                    )
                    for stage in report.stages
                ],
            ),
        )
    if report.spending.jobs:
        yield "Machines", _machines(report.spending)
    if report.lineage:
        yield "Lineage", table(("What", "Id"), [(escaped(one.label), code_cell(one.value)) for one in report.lineage])
