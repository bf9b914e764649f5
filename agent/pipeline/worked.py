"""Reads from the ledger how the results came about that a build found there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.build import Worked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.ledger.ledger import Ledger
    from agent.report.outcome import StageOutcome


def worked_before(outcomes: Sequence[StageOutcome], ledger: Ledger) -> dict[str, Worked]:
    """By stage; a step that keeps no record is left out, and so is one that had nothing to do."""
    asked = {one.stage: one for one in outcomes if one.recalled and one.key and one.result}
    records = {stage: ledger.done(one.step_name, one.key) for stage, one in asked.items()}
    return {
        stage: Worked(seconds=(record.ended - record.started).total_seconds(), run=record.run, url=record.build_url)
        for stage, record in records.items()
        if record is not None
    }
