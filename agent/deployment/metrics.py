"""Metrics of labels and answers in plain Python, for at most some thousand rows that went through an endpoint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MetricName = Literal["accuracy", "auc", "mse", "rmse"]


class NotMeasurableError(Exception):
    """Labels or answers are not what the metric is made of; the message says which."""


def measure(metric: MetricName, labels: Sequence[str], answers: Sequence[str]) -> float:
    """The metric of as many labels as answers, each as text; raises NotMeasurableError."""
    if not labels:
        raise NotMeasurableError(f"{metric} needs at least one row")
    return _METRICS[metric](labels, answers)


def accuracy(labels: Sequence[str], answers: Sequence[str]) -> float:
    """The share of answers that are their label; numbers are compared as numbers, so that ``1.0`` is ``1``."""
    return sum(_same(label, answer) for label, answer in zip(labels, answers, strict=True)) / len(labels)


def auc(labels: Sequence[str], answers: Sequence[str]) -> float:
    """The area under the ROC curve: how often a positive row scores above a negative one, ties counting half.

    Source: the Mann-Whitney statistic with mid-ranks (Hanley and McNeil, 1982). Of two labels, the greater is positive.
    """
    truths, scores = _numbers("label", labels), _numbers("answer", answers)
    classes = sorted(set(truths))
    if len(classes) != 2:
        found = ", ".join(f"{value:g}" for value in classes[:5])
        raise NotMeasurableError(f"auc needs rows of exactly two labels; these have {found}")
    ranks = _mid_ranks(scores)
    positive = [rank for rank, truth in zip(ranks, truths, strict=True) if truth == classes[1]]
    count, others = len(positive), len(truths) - len(positive)
    return (math.fsum(positive) - count * (count + 1) / 2) / (count * others)


def mse(labels: Sequence[str], answers: Sequence[str]) -> float:
    """The mean squared error, in the square of the label's unit."""
    pairs = zip(_numbers("label", labels), _numbers("answer", answers), strict=True)
    return math.fsum((label - answer) ** 2 for label, answer in pairs) / len(labels)


def rmse(labels: Sequence[str], answers: Sequence[str]) -> float:
    """The root of the mean squared error, in the label's unit."""
    return math.sqrt(mse(labels, answers))


_METRICS: Mapping[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "accuracy": accuracy,
    "auc": auc,
    "mse": mse,
    "rmse": rmse,
}


def _same(label: str, answer: str) -> bool:
    if label.strip() == answer.strip().strip('"'):
        return True
    try:
        return float(label) == float(answer)
    except ValueError:
        return False


def _numbers(what: str, values: Sequence[str]) -> list[float]:
    return [_number(what, row, value) for row, value in enumerate(values, start=1)]


def _number(what: str, row: int, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise NotMeasurableError(f"the {what} of row {row} is no number: {value[:80]!r}") from None
    if not math.isfinite(number):
        raise NotMeasurableError(f"the {what} of row {row} is not finite: {value!r}")
    return number


def _mid_ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for position in order[start:end]:
            ranks[position] = (start + 1 + end) / 2
        start = end
    return ranks
