"""Compares two models by any metric of their task on the same rows, each metric by the method that fits it.

AUC, and the mean of several classes', by DeLong's; shares of right rows by Newcombe's; means of rows or queries by
their differences; smooth functions of means (rmse, r2, metrics of a confusion matrix) by the delta method, row by row;
what is left by the paired bootstrap.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics import arrays, bootstrap, score_metrics
from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.comparisons import Comparison, p_of, undefined
from agent.statistics.delong import compare_auc
from agent.statistics.intervals import mean
from agent.statistics.macro_auc import compare_macro_auc
from agent.statistics.metrics import compared_by
from agent.statistics.multiclass import confusion_matrix, influences
from agent.statistics.paired import compare_decisions, compare_means
from agent.statistics.ranking import ranking_report
from agent.statistics.schema import Task
from agent.statistics.weighing import average, moments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.statistics.arrays import Bools, Floats
    from agent.statistics.sample import Sample
    from agent.statistics.tally import ScoreTally

_EPSILON = float(np.finfo(np.float64).eps)

_OF_PROBABILITIES = frozenset({"log_loss", "macro_auc"})
"""Metrics of several classes that a class alone does not tell."""


def compare(metric: str, champion: Sample, candidate: Sample, level: float) -> Comparison:
    """A metric of two models whose rows and weights are the same and in the same order."""
    if metric not in compared_by(champion.task, champion.settings.k):
        raise UnusablePredictionsError(f"{metric} of {champion.task} predictions is not compared pairwise")
    first, second = (_counted(each) for each in (champion, candidate))
    return _OF_TASK[champion.task](metric, first, second, level)


def _counted(sample: Sample) -> Sample:
    """Without rows that weigh nothing, and without weights where all weigh the same."""
    counted = sample.counted()
    if counted.weights is None:
        return counted
    weights = arrays.weights(counted.weights)
    return replace(counted, weights=None if weights.min() == weights.max() else weights)


def _of_binary(metric: str, champion: Sample, candidate: Sample, level: float) -> Comparison:
    truth: Bools = champion.labels
    scores, threshold = (champion.scores, candidate.scores), champion.settings.threshold
    weights = champion.weights
    if metric == "auc":
        return compare_auc(truth, champion.scores, candidate.scores, level, weights)
    if metric in _LOSSES:
        champion_loss, candidate_loss = (_LOSSES[metric](truth, each) for each in scores)
        return compare_means(champion_loss, candidate_loss, level, weights)
    rows = {"accuracy": np.ones_like(truth), "recall": truth, "specificity": ~truth}.get(metric)
    if rows is not None:
        if not rows.any():
            return undefined(rows=0, level=level, method="Newcombe, paired")
        first, second = ((each.decisions == truth)[rows] for each in (champion, candidate))
        return compare_decisions(first, second, level, None if weights is None else weights[rows])
    plan = bootstrap.Plan(thresholds=(threshold,), level=level)
    return bootstrap.compare(
        _resampled(metric, threshold), truth, champion.scores, candidate.scores, plan, weights=weights
    )


def _log_loss(truth: Bools, scores: Floats) -> Floats:
    given = np.where(truth, scores, 1 - scores).astype(np.float64, copy=False)
    return -np.log(np.clip(given, _EPSILON, 1 - _EPSILON))


def _squared_error(truth: Bools, scores: Floats) -> Floats:
    return np.square(scores - truth, dtype=np.float64)


_LOSSES: Mapping[str, Callable[[Bools, Floats], Floats]] = {"log_loss": _log_loss, "brier": _squared_error}


def _resampled(metric: str, threshold: float) -> bootstrap.Metric:
    """The metric as a function of a tally with leading axes."""
    if metric == "average_precision":
        return score_metrics.average_precision

    def of_decisions(tally: ScoreTally) -> Floats:
        found: Floats = getattr(tally.confusion(threshold), metric)
        return found

    return of_decisions


def _of_multiclass(metric: str, champion: Sample, candidate: Sample, level: float) -> Comparison:
    true = champion.labels
    if metric in _OF_PROBABILITIES and 1 in {champion.scores.ndim, candidate.scores.ndim}:
        raise UnusablePredictionsError(f"{metric} is of probabilities, and predictions hold classes only")
    if metric == "macro_auc":
        return compare_macro_auc(true, champion.scores, candidate.scores, level)
    if metric == "log_loss":
        given = (np.take_along_axis(each.scores, true[:, None], axis=1)[:, 0] for each in (champion, candidate))
        lost, won = (-np.log(np.clip(each.astype(np.float64), _EPSILON, 1)) for each in given)
        return compare_means(lost, won, level)
    if metric == "accuracy":
        right = [each.decisions == each.labels for each in (champion, candidate)]
        return compare_decisions(right[0], right[1], level)
    (first, one), (second, other) = (_by_confusion(metric, each) for each in (champion, candidate))
    return _delta(first, second, other - one, level)


def _by_confusion(metric: str, sample: Sample) -> tuple[float, Floats]:
    """The metric of one model by its own classes, and what each row adds to it."""
    true, decided = sample.labels, sample.decisions
    value, influence = influences(confusion_matrix(true, decided, len(sample.classes)))[metric]
    return value, influence[true, decided]


def _of_regression(metric: str, champion: Sample, candidate: Sample, level: float) -> Comparison:
    labels = champion.labels.astype(np.float64)
    errors = [each.scores.astype(np.float64) - labels for each in (champion, candidate)]
    weights = champion.weights
    if metric == "mae":
        return compare_means(np.abs(errors[0]), np.abs(errors[1]), level, weights)
    squares = [np.square(each) for each in errors]
    if metric == "mse":
        return compare_means(squares[0], squares[1], level, weights)
    means = [average(each, weights) for each in squares]
    if metric == "rmse":
        roots = [math.sqrt(each) for each in means]
        parts = [
            (square - each) / (2 * root) if root else square
            for square, each, root in zip(squares, means, roots, strict=True)
        ]
        return _delta(roots[0], roots[1], parts[1] - parts[0], level, weights)
    if labels.min() == labels.max():
        return undefined(rows=float(len(labels)), level=level, method="delta, paired")
    distances = np.square(labels - average(labels, weights))
    variance = average(distances, weights)
    shares = [each / variance for each in means]
    parts = [(share * distances - square) / variance for share, square in zip(shares, squares, strict=True)]
    return _delta(1 - shares[0], 1 - shares[1], parts[1] - parts[0], level, weights)


def _of_ranking(metric: str, champion: Sample, candidate: Sample, level: float) -> Comparison:
    assert champion.queries is not None
    k = champion.settings.k
    first, second = (
        ranking_report(champion.queries, champion.labels, each.scores, k=k, level=level).by_query[metric]
        for each in (champion, candidate)
    )
    return compare_means(first, second, level) if len(first) else undefined(rows=0, level=level, method="Student")


def _delta(
    champion: float, candidate: float, influence: Floats, level: float, weights: Floats | None = None
) -> Comparison:
    """By what each row adds to the difference of both values."""
    _, variance, rows = moments(influence, weights)
    difference = mean(candidate - champion, variance, rows, level)
    return Comparison(
        champion=champion, candidate=candidate, difference=replace(difference, method="delta, paired"),
        p_value=p_of(difference.value, difference.deviation),
    )  # fmt: skip


_OF_TASK: Mapping[Task, Callable[[str, Sample, Sample, float], Comparison]] = {
    Task.BINARY: _of_binary,
    Task.MULTICLASS: _of_multiclass,
    Task.REGRESSION: _of_regression,
    Task.RANKING: _of_ranking,
}
