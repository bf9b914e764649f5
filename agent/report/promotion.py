"""What a promotion changes and who let it pass, as the steps review and approve answered it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.report.build import Change, Promotion, Proved
from agent.report.outcome import read, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.outcome import StageOutcome

_MOVES = ("promote", "rollback")


def promotion_of(outcomes: Sequence[StageOutcome]) -> Promotion | None:
    """The promotion or rollback; None where the build is about none."""
    review = _of_step(outcomes, "review")
    approve = _of_step(outcomes, "approve")
    moved = next((outcome for outcome in outcomes if outcome.step_name in _MOVES), None)
    about = [outcome.result for outcome in (review, moved, approve) if outcome is not None]
    if review is None and moved is None:
        return None
    shown, let = (outcome.result if outcome else {} for outcome in (review, approve))
    return Promotion(
        action=text(shown, "action") or (moved.step_name if moved else ""),
        environment=_first(about, "environment_name"),
        release=_first(about, "release"),
        title=text(shown, "title"),
        changes=tuple(map(change_of, read(shown, "changes", list[dict[str, Any]]) or ())),
        lines=tuple(read(shown, "lines", list[str]) or ()),
        proved=tuple(map(_proved, read(shown, "proved", list[dict[str, Any]]) or ())),
        by=text(let, "by"),
        reason=text(let, "reason"),
        at=text(let, "at"),
        author=text(shown, "author"),
        needs_approval=bool(shown.get("needs_approval")),
    )


def _of_step(outcomes: Sequence[StageOutcome], step: str) -> StageOutcome | None:
    return next((outcome for outcome in outcomes if outcome.step_name == step), None)


def _first(results: Sequence[Mapping[str, Any]], field: str) -> str:
    return next((found for found in (text(result, field) for result in results) if found), "")


def _proved(row: Mapping[str, Any]) -> Proved:
    passed, found = read(row, "passed", bool), text(row, "found")
    came = "not checked" if passed is None else f"{'passed' if passed else 'failed'} its check"
    return Proved(environment=text(row, "environment_name"), told=f"{came}: {found}" if found else came)


def change_of(row: Mapping[str, Any]) -> Change:
    """A row of a review, as its result says it."""
    return Change(
        topic=text(row, "topic"),
        what=text(row, "name"),
        before=text(row, "live"),
        after=text(row, "wanted"),
        judgement=text(row, "judgement"),
        note=text(row, "note"),
    )
