"""Makes the report of what a build's stages answered; a function of values, so it can be made again at any time."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from agent.report.build import BuildReport, StageRow
from agent.report.comparison import evaluation_of, metric_rows, training_facts, verdicts_of
from agent.report.conclusion import conclude
from agent.report.lineage import data_of, lineage_facts, live_of, release_of
from agent.report.outcome import read
from agent.report.promotion import promotion_of
from agent.report.spent import spending
from agent.report.wording import size
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.build import BuildFacts
    from agent.report.outcome import StageOutcome


def build_report(
    facts: BuildFacts,
    outcomes: Sequence[StageOutcome],
    *,
    result: str,
    better: Mapping[str, Literal["higher", "lower"]],
    prices: Mapping[str, float] = MappingProxyType({}),
) -> BuildReport:
    """The report; ``result`` is Jenkins's own, ``better`` the direction of improvement of each metric that has one.

    ``prices`` are what an hour of an instance costs in jobs, by its type.
    """
    verdicts = verdicts_of(outcomes)
    candidate, champions = evaluation_of(outcomes)
    live, release = live_of(outcomes), release_of(outcomes)
    measured = candidate.data if candidate else ""
    return BuildReport(
        facts=facts,
        conclusion=conclude(result, outcomes, verdicts, facts=facts, release=release, live=live),
        stages=tuple(_row(outcome) for outcome in outcomes),
        evaluation=candidate,
        champions=champions,
        metrics=metric_rows(candidate, champions, verdicts, better),
        measured_on=next((name for name, data in data_of(outcomes).items() if data.digest == measured), ""),
        verdicts=verdicts,
        training=training_facts(outcomes),
        lineage=lineage_facts(outcomes, facts, candidate, release),
        live=live,
        promotion=promotion_of(outcomes) if facts.kind == "promotion" else None,
        release=release,
        spending=spending(outcomes, prices, facts.started),
        warnings=_sentences(outcomes, "warnings"),
        drifted=_sentences(outcomes, "drifted"),
    )


def _sentences(outcomes: Sequence[StageOutcome], field: str) -> tuple[str, ...]:
    return tuple(each for outcome in outcomes for each in read(outcome.result, field, tuple[str, ...]) or ())


def _row(outcome: StageOutcome) -> StageRow:
    return StageRow(
        stage=outcome.stage,
        title=outcome.name,
        step=outcome.step_name,
        status=_status(outcome),
        recalled=outcome.recalled,
        seconds=outcome.seconds,
        exit_code=outcome.exit_code,
        error=outcome.error,
        note=_note(outcome),
    )


def _status(outcome: StageOutcome) -> str:
    """A stage that had nothing to do says so by an empty result."""
    if outcome.status == "done" and outcome.recalled and not outcome.result:
        return "skipped"
    return outcome.status


def _note(outcome: StageOutcome) -> str:
    """What is worth a word in the table of stages."""
    copied = read(outcome.result, "copied_files", int)
    if not copied:
        return ""
    return f"{counted(copied, 'new file')}, {size(read(outcome.result, 'copied_bytes', int) or 0)}"
