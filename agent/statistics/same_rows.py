"""Brings two models' predictions to the same rows in the same order, and sees that labels and weights are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.statistics.alignment import order_of
from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.reading import open_predictions
from agent.statistics.sample import load
from agent.statistics.schema import ROW_ID, WEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.statistics.sample import Sample, Settings
    from agent.statistics.schema import Task

_ROUNDING = 1e-6
"""How far the same number may be from itself as a float of 32 bits."""


def same_rows(
    champion: Sequence[Path], candidate: Sequence[Path], task: Task, settings: Settings
) -> tuple[Sample, Sample]:
    """Both models' rows, in the champion's order; UnusablePredictionsError where they are not of the same data.

    Classes have the same numbers if both models have probabilities. Of decisions only those are known that occur: a
    class that only one model predicts is none of the other's.
    """
    order = order_of(open_predictions(champion, task), open_predictions(candidate, task))
    first, second = (load(files, task, settings) for files in (champion, candidate))
    if order is not None:
        second = second.at(order)
    if first.classes != second.classes and 1 not in {first.scores.ndim, second.scores.ndim}:
        second = _with_classes_of(first, second, champion[0], candidate[0])
    same = first.classes == second.classes
    labels = [first.labels, second.labels] if same else _by_all_classes(first, second)
    wrong = np.flatnonzero(labels[0] != labels[1])
    if wrong.size:
        raise UnusablePredictionsError(
            f"{wrong.size} rows have another label in {champion[0]} than in {candidate[0]} (by row_id), the first is"
            f" row {wrong[0]} of the former: both models have to be evaluated on the same snapshot"
        )
    _same_weights(first, second, champion[0], candidate[0])
    return first, replace(second, weights=first.weights)


def _same_weights(first: Sample, second: Sample, champion: Path, candidate: Path) -> None:
    """Weights may have been rounded to other precisions."""
    if first.weights is None and second.weights is None:
        return
    if first.weights is None or second.weights is None:
        lacking = champion if first.weights is None else candidate
        raise UnusablePredictionsError(
            f"{lacking} lacks the column {WEIGHT}, which the other model's predictions have; let both be evaluated by"
            " the same script"
        )
    wrong = np.flatnonzero(~np.isclose(first.weights, second.weights, rtol=_ROUNDING, atol=0))
    if wrong.size:
        raise UnusablePredictionsError(
            f"{wrong.size} rows have another {WEIGHT} in {champion} than in {candidate} (by {ROW_ID}), the first is row"
            f" {wrong[0]} of the former, {first.weights[wrong[0]]:g} and {second.weights[wrong[0]]:g}: how much a row"
            " counts must not depend on the model"
        )


def _by_all_classes(first: Sample, second: Sample) -> list[NDArray[Any]]:
    """Both labels by numbers of the classes that either has."""
    classes = tuple(dict.fromkeys((*first.classes, *second.classes)))
    return [np.array([classes.index(name) for name in each.classes])[each.labels] for each in (first, second)]


def _with_classes_of(first: Sample, second: Sample, champion: Path, candidate: Path) -> Sample:
    """The second's scores and labels with its classes in the first's order."""
    if set(first.classes) != set(second.classes):
        raise UnusablePredictionsError(
            f"{champion} has scores of the classes {', '.join(first.classes)}, and {candidate} of "
            f"{', '.join(second.classes)}; models of other classes are not compared row by row"
        )
    numbers = np.array([first.classes.index(name) for name in second.classes])
    return replace(
        second, classes=first.classes, labels=numbers[second.labels], scores=second.scores[:, np.argsort(numbers)]
    )
