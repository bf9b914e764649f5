"""What a build's jobs took of machines, and what that costs where the configuration has a price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.artifacts import JobUse
from agent.report.outcome import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from agent.report.outcome import StageOutcome

_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Spent:
    """One job; ``earlier`` if a build before this one started it, ``cost`` None where its time or price is unknown."""

    stage: str
    use: JobUse
    earlier: bool
    cost: float | None

    @property
    def seconds(self) -> int | None:
        """Seconds that count of each instance."""
        return counted(self.use)


@dataclass(frozen=True, kw_only=True)
class Spending:
    """All jobs that a build's results are of."""

    jobs: tuple[Spent, ...] = ()

    @property
    def priced(self) -> bool:
        """Whether the cost of any job is known."""
        return any(job.cost is not None for job in self.jobs)

    @property
    def totals(self) -> Sequence[Total]:
        """Of this build, and of what earlier builds had spent; only where there is a price."""
        parts = (("This build", False), ("Reused from earlier builds", True))
        found = ((name, [job for job in self.jobs if job.earlier is earlier]) for name, earlier in parts)
        return [_total(name, jobs) for name, jobs in found if jobs] if self.priced else []


NOTHING_SPENT = Spending()


@dataclass(frozen=True, kw_only=True)
class Total:
    """Costs together, None where none is known; ``without`` names types of instances whose cost is not."""

    name: str
    cost: float | None
    without: tuple[str, ...] = ()


def spending(outcomes: Sequence[StageOutcome], prices: Mapping[str, float], began: datetime | None) -> Spending:
    """Of the jobs that the stages' results name; ``prices`` are of an hour, by the type of an instance."""
    return Spending(jobs=tuple(_once(_jobs(outcomes, prices, began))))


def _jobs(outcomes: Sequence[StageOutcome], prices: Mapping[str, float], began: datetime | None) -> Iterator[Spent]:
    for outcome in outcomes:
        for use in read(outcome.result, "jobs", tuple[JobUse, ...]) or ():
            before = began is not None and use.started is not None and use.started < began
            yield Spent(stage=outcome.name, use=use, earlier=outcome.recalled or before, cost=_cost(use, prices))


def counted(use: JobUse) -> int | None:
    """Seconds that count of each instance: what is billed, and where SageMaker does not tell that, how long it ran."""
    return use.seconds if use.billable_seconds is None else use.billable_seconds


def _cost(use: JobUse, prices: Mapping[str, float]) -> float | None:
    price, seconds = prices.get(use.instance_type), counted(use)
    return None if price is None or seconds is None else price * use.instance_count * seconds / _HOUR


def _once(jobs: Iterable[Spent]) -> Iterator[Spent]:
    """A job that several stages name is paid for once."""
    seen = set[str]()
    for job in jobs:
        if job.use.job not in seen:
            seen.add(job.use.job)
            yield job


def _total(name: str, jobs: Sequence[Spent]) -> Total:
    unknown = dict.fromkeys(job.use.instance_type for job in jobs if job.cost is None)
    costs = [job.cost for job in jobs if job.cost is not None]
    return Total(name=name, cost=sum(costs) if costs else None, without=tuple(unknown))
