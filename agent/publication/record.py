"""A build of Jenkins in the ledger, as `modelyard run` leaves itself there, so that `modelyard status` shows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.ledger.runs import RunRecord, StageOfRun, keep_run
from agent.registry import find_step
from agent.report.build import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.ledger.ledger import Ledger
    from agent.report.build import BuildReport, StageRow
    from agent.report.outcome import StageOutcome


def did_something(report: BuildReport) -> bool:
    """Whether the build is worth a record: one that found everything done leaves none.

    One that was refused does, whatever it did, for an override is of what it came to.
    """
    if report.conclusion.state in {State.FAILED, State.INTERRUPTED, State.REFUSED}:
        return True
    return any(stage.status in {"done", "refused"} and not stage.recalled and _writes(stage) for stage in report.stages)


def keep_build(ledger: Ledger, report: BuildReport, outcomes: Sequence[StageOutcome]) -> None:
    """Keep the build's record; a promotion's is not the last one of its branch, for it is no build of it."""
    record = record_of(report, outcomes)
    keep_run(ledger, record, last=report.facts.kind == "run")


def record_of(report: BuildReport, outcomes: Sequence[StageOutcome]) -> RunRecord:
    """The record of the build."""
    facts = report.facts
    return RunRecord(
        id=facts.id,
        who=facts.who,
        build_url=facts.url,
        branch=facts.branch,
        pull_request=facts.pull_request,
        tag=facts.tag,
        reason=facts.reason,
        origin=facts.origin,
        commit=facts.commit,
        result=report.conclusion.state.value,
        error="; ".join(report.conclusion.reasons) if report.conclusion.state is not State.DONE else "",
        release=report.release or None,
        started=facts.started or facts.ended,
        ended=facts.ended,
        stages=[
            StageOfRun(
                stage=stage.stage,
                step=stage.step,
                status="recalled" if stage.recalled and stage.status == "done" else stage.status,
                seconds=stage.seconds or 0.0,
                key=outcome.key,
                error=stage.error,
            )
            for stage, outcome in zip(report.stages, outcomes, strict=True)
        ],
        results={outcome.stage: outcome.result for outcome in outcomes if outcome.result},
    )


def _writes(stage: StageRow) -> bool:
    try:
        return find_step(stage.step).effect == "write"
    except UsageError:
        return True  # a step of a newer modelyard
