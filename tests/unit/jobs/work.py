"""A job to drive in tests, and a run that drives it, all in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.context import Context, RunInfo
from agent.jobs.order import JobOrder
from agent.ledger.ledger import Ledger
from agent.ports.jobs import JobKind
from tests.fakes import FakeAccount, FakeAccounts, FakeClock, FakeJobs, KeptReport, MemoryObjects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.ports.jobs import JobState

KEY = "0123456789ab" + "c" * 52
NAME = "iris-train-0123456789ab"


def an_order(kept: Callable[[JobState], bool] = lambda _: True) -> JobOrder:
    """A training job whose request is nothing but its name."""
    return JobOrder(
        kind=JobKind.TRAINING,
        project="iris",
        step="train",
        key=KEY,
        request=lambda name: {"TrainingJobName": name},
        kept=kept,
    )


def a_run(jobs: FakeJobs, *, folder: Path | None = None, stop_jobs: bool = False) -> Context:
    """A run in the tools account that has these jobs."""
    objects, nothing = MemoryObjects(), _nothing()
    return Context(
        accounts=FakeAccounts(tools=FakeAccount(region="eu-central-1", objects=objects, jobs=jobs)),
        ledger=Ledger(objects, "bucket"),
        builder=nothing,
        clock=FakeClock(),
        report=KeptReport(),
        run=RunInfo(id="run-1", who="tester"),
        folder=folder or nothing,
        stop_jobs=stop_jobs,
        key=KEY,
    )


def told(context: Context, kind: str) -> list[str]:
    """What the run was told in one way."""
    assert isinstance(context.report, KeptReport)
    return context.report.of(kind)


def clock(context: Context) -> FakeClock:
    """The run's clock."""
    assert isinstance(context.clock, FakeClock)
    return context.clock


def _nothing() -> Any:
    """A part that these tests do not use."""
    return None
