"""The report as a value: everything that page, comment, JUnit, badges and check say, and not how they say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from agent.report.spent import NOTHING_SPENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agent.artifacts import Evaluation, Interval, Verdict
    from agent.report.data import DataReport
    from agent.report.figures.figure import MeasuredModels
    from agent.report.past import Past, Series
    from agent.report.spent import Spending


MOST_TRENDS = 4
"""How many metrics are drawn over past releases: those that gates judge come first."""


class State(StrEnum):
    """What became of a build."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_RUN = "not_run"


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """The first thing that people want to know: a headline, reasons under it, and last lines of what failed."""

    state: State
    headline: str
    reasons: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildFacts:
    """Which build it is, and what it is a build of; ``url`` is empty outside Jenkins, times are in UTC."""

    project: str
    kind: Literal["run", "promotion"]
    id: str
    who: str = ""
    url: str = ""
    branch: str = ""
    pull_request: int | None = None
    tag: str = ""
    reason: str = ""
    origin: str = ""
    commit: str = ""
    dirty: bool = False
    author: str = ""
    subject: str = ""
    started: datetime | None = None
    ended: datetime

    @property
    def of(self) -> str:
        """What it is a build of, as people call it."""
        if self.pull_request is not None:
            return f"pull request {self.pull_request}"
        if self.tag:
            return f"tag {self.tag}"
        return f"branch {self.branch}" if self.branch else "a build"

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.ended - self.started).total_seconds() if self.started else None


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One stage: what became of it, how long it took, and whether anything was done."""

    stage: str
    title: str
    step: str
    status: str
    recalled: bool = False
    seconds: float | None = None
    exit_code: int = 0
    error: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Worked:
    """When the result of a stage was made that was there already: how long that took, and in which run."""

    seconds: float
    run: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A metric of the model that an environment serves, on the same rows, and the candidate's distance from it."""

    environment: str
    value: float
    standard_deviation: float | None = None
    difference: float
    interval: Interval | None = None
    """Of the difference, row by row, where a gate demanded proof."""
    better: bool | None
    """Whether the candidate is better; None where they are equal or nothing says which direction is better."""


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One metric of the candidate, with everything that it is held against."""

    name: str
    value: float
    standard_deviation: float | None = None
    interval: Interval | None = None
    better: Literal["higher", "lower"] | None = None
    champions: tuple[Compared, ...] = ()
    gates: tuple[Verdict, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether a gate judges it, or somebody said what is better."""
        return bool(self.gates) or self.better is not None

    @property
    def reach(self) -> tuple[float, float] | None:
        """Where the value lies by what is known of it: its interval, else a standard deviation to each side."""
        if self.interval:
            return self.interval.low, self.interval.high
        deviation = self.standard_deviation
        return (self.value - deviation, self.value + deviation) if deviation else None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One row of what the build is made of; ``value`` is an id to copy where it is ``exact``."""

    label: str
    value: str
    note: str = ""
    exact: bool = True


@dataclass(frozen=True, kw_only=True)
class Load:
    """A load on an endpoint: requests, the share of them without an answer, times in ms, the cost of 1,000 answers."""

    requests: int
    error_rate: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    first_ms: float | None = None
    cost: float | None = None


@dataclass(frozen=True, kw_only=True)
class Rated:
    """A metric of what an endpoint answered to so many held-out rows, and its value in the model's own evaluation."""

    name: str
    value: float
    reach: tuple[float, float] | None = None
    own: float | None = None
    differs: bool = False
    """Whether the model's own evaluation found a value that chance does not explain."""
    rows: int = 0

    @property
    def difference(self) -> float | None:
        """By how much the endpoint is above the model's own evaluation."""
        return None if self.own is None else self.value - self.own


@dataclass(frozen=True, kw_only=True)
class Live:
    """A deployment: which release an environment serves now, and what its endpoint answered when it was asked."""

    environment: str
    release: str
    endpoint: str
    replaced: str = ""
    checked: str = ""
    until: str = ""
    """When an endpoint of a pull request ends; empty for one that stays."""
    load: Load | None = None
    """What its clients feel, where its environment's checks have a load."""
    rated: tuple[Rated, ...] = ()
    """What its answers to held-out rows come to, where its environment's checks have an evaluation."""
    measurements: str = ""
    """Address of their curves, histograms and slices."""
    missed: tuple[str, ...] = ()
    """What it did not do as it must."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that a promotion changes: ``topic`` says of which kind, ``judgement`` whether that is good."""

    topic: str = ""
    what: str
    before: str
    after: str
    judgement: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Proved:
    """An environment where the release was before: ``told`` is what its check came to there."""

    environment: str
    told: str


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a promotion or a rollback changes, and who let it pass."""

    action: str
    environment: str
    release: str
    title: str = ""
    changes: tuple[Change, ...] = ()
    lines: tuple[str, ...] = ()
    proved: tuple[Proved, ...] = ()
    by: str = ""
    reason: str = ""
    at: str = ""
    author: str = ""
    needs_approval: bool = False


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """All of it; what a build does not have is empty, and its section is left out."""

    facts: BuildFacts
    conclusion: Conclusion
    stages: tuple[StageRow, ...] = ()
    evaluation: Evaluation | None = None
    """What the build's own model achieves."""
    metrics: tuple[MetricRow, ...] = ()
    measured_on: str = ""
    """Name of the data set that the metrics were measured on."""
    verdicts: tuple[Verdict, ...] = ()
    training: tuple[Fact, ...] = ()
    lineage: tuple[Fact, ...] = ()
    live: tuple[Live, ...] = ()
    promotion: Promotion | None = None
    release: str = ""
    warnings: tuple[str, ...] = ()
    champions: Mapping[str, Evaluation] = field(default_factory=dict)
    """What deployed models achieve on the same rows, by environment."""
    models: MeasuredModels | None = None
    """What the predictions of these models say, where their scripts left any and they could be read."""
    past: Past | None = None
    """What an environment had before, where the ledger could be asked."""
    drifted: tuple[str, ...] = ()
    """Which columns of data sets have drifted, in sentences."""
    data: DataReport | None = None
    """The data beside those of a release before, where the ledger could be asked."""
    spending: Spending = NOTHING_SPENT
    """What jobs took of machines."""
    worked: Mapping[str, Worked] = field(default_factory=dict)
    """How the results came about that were there already, by stage, where the ledger could be asked."""

    @property
    def first_metrics(self) -> tuple[MetricRow, ...]:
        """The metrics that matter; all, where nobody said which."""
        return tuple(row for row in self.metrics if row.matters) or self.metrics

    @property
    def other_metrics(self) -> tuple[MetricRow, ...]:
        """All the others."""
        return tuple(row for row in self.metrics if row not in self.first_metrics)

    @property
    def trends(self) -> tuple[Series, ...]:
        """The first metrics over past releases, and over this build where it is none of them."""
        if self.past is None:
            return ()
        build = None if self.release and self.release == self.past.live else self.evaluation
        names = [row.name for row in self.metrics] or self.past.metrics
        found = (self.past.series(name, build) for name in names if name in self.past.metrics)
        return tuple(one for one in found if one.points)[:MOST_TRENDS]

    @property
    def longest(self) -> float:
        """How long the longest stage took, in seconds."""
        return max((stage.seconds or 0.0 for stage in self.stages), default=0.0)

    @property
    def topics(self) -> Mapping[str, Sequence[Change]]:
        """What a promotion changes, by topic."""
        return by_topic(self.promotion.changes if self.promotion else ())


def by_topic(changes: Sequence[Change]) -> Mapping[str, Sequence[Change]]:
    """Changes by topic, in the order of the first of each."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.topic, []).append(change)
    return found
