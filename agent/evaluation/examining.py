"""Answers what gates ask of predictions: those of the candidate, and those of champions on the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from agent.evaluation.described import measured, number
from agent.gates.findings import Estimated, Finding
from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.business import Values, best_threshold, expected_value
from agent.statistics.fairness import fairness
from agent.statistics.metric_pairs import compare
from agent.statistics.metrics import measured_by
from agent.statistics.same_rows import same_rows
from agent.statistics.sample import load
from agent.statistics.slices import by_slice
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from agent.gates.findings import Question
    from agent.statistics.arrays import Codes
    from agent.statistics.intervals import Estimate
    from agent.statistics.sample import Sample, Settings
    from agent.statistics.schema import Task


def examined(
    asked: Mapping[str, Question], files: Sequence[Path], task: Task, settings: Settings, *, support: int
) -> dict[str, Finding]:
    """What the candidate's predictions answer, by the names of the gates; each question reads them once at most."""
    slices = sorted({question.slice for question in asked.values() if question.slice})
    sample = load(files, task, settings, slices=slices).counted()
    return {name: _ANSWERS[question.kind](question, sample, support) for name, question in asked.items()}


def compared(
    asked: Mapping[str, Question],
    champion: Sequence[Path],
    candidate: Sequence[Path],
    task: Task,
    settings: Settings,
) -> dict[str, Finding]:
    """What both models' predictions answer to questions about one champion, by the names of the gates."""
    first, second = same_rows(champion, candidate, task, settings)
    return {name: _compared(question, first, second) for name, question in asked.items()}


def dropped(
    question: Question,
    perturbed: Sequence[Path],
    plain: Sequence[Path],
    task: Task,
    settings: Settings,
    *,
    perturbation: str,
) -> Finding:
    """How much worse a metric is by predictions of perturbed rows than by those of the same rows as they are."""
    first, second = same_rows(plain, perturbed, task, settings)
    found = compare(question.metric, first, second, question.level)
    lower_is_better = measured_by(task, settings.k)[question.metric] == "lower"
    drop = found.difference if lower_is_better else _negative(found.difference)
    value = Estimated(of=perturbation, value=number(found.candidate), rows=drop.rows, of_rows=first.rows)
    return Finding(
        estimates={"drop": (_estimated(perturbation, drop, first.rows),), "value": (value,)},
        candidate=number(found.champion),
    )


def together(findings: Sequence[Finding]) -> Finding:
    """What was found of several perturbations as one finding."""
    return Finding(
        estimates={name: tuple(each for one in findings for each in one.all_of(name)) for name in ("drop", "value")},
        candidate=findings[0].candidate,
    )


def _negative(estimate: Estimate) -> Estimate:
    """The same of the difference the other way round."""
    return replace(estimate, value=0.0 - estimate.value, low=0.0 - estimate.high, high=0.0 - estimate.low)


def _compared(question: Question, champion: Sample, candidate: Sample) -> Finding:
    found = compare(question.metric, champion, candidate, question.level)
    if not (np.isfinite(found.champion) and np.isfinite(found.candidate)):
        return Finding(absent=f"{question.metric} is not defined for these rows")
    return Finding(
        estimates={"difference": (_estimated(question.metric, found.difference, candidate.rows),)},
        champion=found.champion,
        candidate=found.candidate,
    )


def _threshold(question: Question, sample: Sample, support: int) -> Finding:  # noqa: ARG001 - as the others
    known = sample.estimates(question.level)
    if question.metric not in known:
        raise UnusablePredictionsError(f"{question.metric} is no metric of {sample.task} predictions")
    return Finding(estimates={"metric": (_estimated(question.metric, known[question.metric], sample.rows),)})


def _slices(question: Question, sample: Sample, support: int) -> Finding:
    def measure(rows: Codes) -> Estimate:
        return sample.at(rows).estimates(question.level)[question.metric]

    better = measured_by(sample.task, sample.settings.k)[question.metric]
    found = by_slice(
        question.slice, sample.slices[question.slice], measure, support=support, greater_is_better=better == "higher"
    )
    of = tuple(_estimated(each.value, each.estimate, each.rows) for each in found.slices if each.estimate is not None)
    gap = () if found.gap is None or found.worst is None else (_estimated(found.worst.value, found.gap, sample.rows),)
    return Finding(
        estimates={"slices": of, "gap": gap},
        too_small=tuple(each.value for each in found.slices if each.estimate is None),
    )


def _fairness(question: Question, sample: Sample, support: int) -> Finding:
    values = sample.slices[question.slice]
    try:
        found = fairness(
            question.slice, values, sample.labels, sample.decisions,
            weights=sample.weights, reference=question.reference, support=support, level=question.level,
        )  # fmt: skip
    except ValueError as error:
        raise UnusablePredictionsError(str(error)) from error
    measures = ("disparate_impact", "equal_opportunity", "equalised_odds")
    return Finding(
        estimates={
            name: tuple(_estimated(group.group, getattr(group, name), sample.rows) for group in found.groups)
            for name in measures
        },
        too_small=tuple(group for group in found.too_small if group != found.reference),
    )


def _calibration(question: Question, sample: Sample, support: int) -> Finding:  # noqa: ARG001 - as the others
    known = sample.estimates(question.level)
    return Finding(estimates={name: (_estimated(name, known[name], sample.rows),) for name in ("ece", "brier")})


def _business(question: Question, sample: Sample, support: int) -> Finding:  # noqa: ARG001 - as the others
    assert question.values is not None
    values, counted = Values(**dict(question.values)), tally(sample.labels, sample.scores, sample.weights)
    threshold = sample.settings.threshold
    now = expected_value(counted.confusion(threshold), values, scale=counted.scale, level=question.level)
    best = best_threshold(counted, values, question.level)
    return Finding(
        estimates={
            "expected": (_estimated(f"{threshold:g}", now, sample.rows),),
            "best": (_estimated(f"{best.threshold:g}", best.expected, sample.rows),),
        }
    )


def _estimated(of: str, estimate: Estimate, of_rows: int) -> Estimated:
    known = measured(estimate)
    return Estimated(
        of=of,
        value=known.value,
        deviation=known.deviation,
        interval=known.interval,
        rows=estimate.rows,
        of_rows=of_rows,
    )


_ANSWERS: Mapping[str, Callable[[Question, Sample, int], Finding]] = {
    "threshold": _threshold,
    "slices": _slices,
    "fairness": _fairness,
    "calibration": _calibration,
    "business": _business,
}
