"""What an environment had before, as values: its deployments with their releases, and a metric over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import Evaluation, Metric, Release
    from agent.ledger.environments import Deployment

Kind = Literal["release", "rollback", "build"]


@dataclass(frozen=True, kw_only=True)
class PastRelease:
    """One deployment; ``release`` is None where its document cannot be read, ``live`` whether it brought what is."""

    deployment: Deployment
    release: Release | None
    live: bool

    def metric(self, name: str) -> Metric | None:
        """A metric of its release, where that has it."""
        return self.release.evaluation.metrics.get(name) if self.release else None


@dataclass(frozen=True, kw_only=True)
class Past:
    """The deployments of an environment, the oldest first; those that failed are among them."""

    environment: str
    entries: tuple[PastRelease, ...]

    @property
    def done(self) -> tuple[PastRelease, ...]:
        """Those that changed what is live."""
        return tuple(one for one in self.entries if one.deployment.status == "done")

    @property
    def live(self) -> str:
        """Digest of the release that is live; empty where it is older than all of these."""
        return next((one.deployment.release for one in self.entries if one.live), "")

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of all metrics, those of the newest release first."""
        releases = [one.release for one in reversed(self.entries) if one.release]
        return tuple(dict.fromkeys(name for release in releases for name in _judged_first(release)))

    def series(self, metric: str, build: Evaluation | None = None) -> Series:
        """A metric over the releases, and at the end of a ``build`` that is none of them."""
        return Series(metric=metric, points=(*self._points(metric), *_built(metric, build)))

    def _points(self, metric: str) -> Iterator[Point]:
        for one in self.done:
            measured = one.metric(metric)
            if one.release and measured:
                yield Point(
                    value=measured.value,
                    standard_deviation=measured.standard_deviation,
                    rows=one.release.evaluation.data,
                    kind="rollback" if one.deployment.action == "rollback" else "release",
                    live=one.live,
                    day=f"{one.deployment.ended:%Y-%m-%d}",
                )


@dataclass(frozen=True, kw_only=True)
class Point:
    """A value of a metric; two of them compare only if their ``rows``, a data set's digest, are the same."""

    value: float
    standard_deviation: float | None
    rows: str
    kind: Kind
    live: bool = False
    day: str = ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A metric over releases, the oldest first."""

    metric: str
    points: tuple[Point, ...]

    def breaks(self) -> frozenset[int]:
        """The points, by number, that were measured on other rows than the one before."""
        pairs = enumerate(pairwise(self.points), 1)
        return frozenset(index for index, (before, after) in pairs if before.rows != after.rows)


def _judged_first(release: Release) -> list[str]:
    judged = [verdict.metric for verdict in release.verdicts]
    metrics = release.evaluation.metrics
    return [*(name for name in judged if name in metrics), *metrics]


def _built(metric: str, build: Evaluation | None) -> Iterator[Point]:
    measured = build.metrics.get(metric) if build else None
    if build and measured:
        yield Point(value=measured.value, standard_deviation=measured.standard_deviation, rows=build.data, kind="build")
