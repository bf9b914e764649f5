"""What two releases achieve, metric by metric, and whether it was measured on the same rows: only then it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Evaluation, Metric, Model, Release

Better = Literal["higher", "lower"]
Direction = Literal["better", "worse", "same", "changed", "new", "gone", "incomparable"]


class MetricPair(StepModel):
    """One metric of two releases; values in the metric's unit, None where a release has none."""

    before: float | None = Field(description="Value of the release that is compared with.")
    after: float | None = Field(description="Value of the release.")
    before_deviation: float | None = Field(default=None, description="Its standard deviation, where it is known.")
    after_deviation: float | None = Field(default=None, description="Its standard deviation, where it is known.")
    difference: float | None = Field(description="By how much the release is above; None on different rows.")
    better: Better | None = Field(description="Which values are better, where the configuration says so.")
    same_rows: bool = Field(description="Whether both were measured on the same rows.")
    judgement: Direction = Field(description="How the two compare.")


def metric_pairs(release: Release, other: Release | None, *, better: Mapping[str, Better]) -> dict[str, MetricPair]:
    """All metrics of either release by name, those of ``release`` first."""
    after, before = _evaluations(release, other)
    known = before.metrics if before else {}
    same_rows = before is not None and before.data == after.data
    names = dict.fromkeys((*after.metrics, *known))
    return {
        name: _pair(after.metrics.get(name), known.get(name), better.get(name), same_rows=same_rows) for name in names
    }


def _evaluations(release: Release, other: Release | None) -> tuple[Evaluation, Evaluation | None]:
    """Evaluations of both on the same rows, where there are any.

    The gates of a release measure deployed models on its own rows, so either may have measured the other.
    """
    if other is None:
        return release.evaluation, None
    if again := _of_model(other.model, release.champions):
        return release.evaluation, again
    if release.evaluation.data != other.evaluation.data and (back := _of_model(release.model, other.champions)):
        return back, other.evaluation
    return release.evaluation, other.evaluation


def _of_model(model: Model, evaluations: Mapping[str, Evaluation]) -> Evaluation | None:
    return next((one for one in evaluations.values() if one.model == model.sha256), None)


def _pair(after: Metric | None, before: Metric | None, better: Better | None, *, same_rows: bool) -> MetricPair:
    both = after is not None and before is not None
    return MetricPair(
        before=before.value if before else None,
        after=after.value if after else None,
        before_deviation=before.standard_deviation if before else None,
        after_deviation=after.standard_deviation if after else None,
        difference=after.value - before.value if after and before and same_rows else None,
        better=better,
        same_rows=both and same_rows,
        judgement=_judgement(after, before, better, same_rows=same_rows),
    )


def _judgement(after: Metric | None, before: Metric | None, better: Better | None, *, same_rows: bool) -> Direction:
    if before is None:
        return "new"
    if after is None:
        return "gone"
    if not same_rows:
        return "incomparable"
    if after.value == before.value:
        return "same"
    if better is None:
        return "changed"
    return "better" if (after.value > before.value) == (better == "higher") else "worse"
