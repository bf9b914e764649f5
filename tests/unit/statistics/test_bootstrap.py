"""The bootstrap by cells answers what formulas answer where there are some, whatever the bins."""

from __future__ import annotations

import numpy as np
import pytest

from agent.statistics import bootstrap, score_metrics
from agent.statistics.bootstrap import Plan
from agent.statistics.delong import auc_interval, compare_auc
from agent.statistics.paired import compare_decisions, compare_means
from agent.statistics.tally import ScoreTally, tally

RANDOM = np.random.default_rng(9)
ROWS = 20_000
LABELS = RANDOM.random(ROWS) < 0.3
SHARED = RANDOM.normal(size=ROWS) + LABELS
FIRST, SECOND = (1 / (1 + np.exp(-SHARED + RANDOM.normal(scale=0.4, size=ROWS))) for _ in range(2))


def accuracy(counted: ScoreTally) -> np.ndarray:
    return counted.confusion(0.5).accuracy


def test_paired_areas_are_those_of_delong() -> None:
    exact, drawn = (each.difference for each in (
        compare_auc(LABELS, FIRST, SECOND), bootstrap.compare(score_metrics.auc, LABELS, FIRST, SECOND),
    ))  # fmt: skip
    assert drawn.value == pytest.approx(exact.value, abs=1e-12)
    assert drawn.deviation == pytest.approx(exact.deviation, rel=0.12)
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.3 * exact.deviation)


def test_a_single_area_is_that_of_delong() -> None:
    exact, drawn = auc_interval(tally(LABELS, FIRST)), bootstrap.interval(score_metrics.auc, LABELS, FIRST)
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.3 * exact.deviation)


def test_paired_decisions_are_those_of_newcombe() -> None:
    exact = compare_decisions((FIRST >= 0.5) == LABELS, (SECOND >= 0.5) == LABELS)
    drawn = bootstrap.compare(accuracy, LABELS, FIRST, SECOND)
    assert drawn.difference.value == pytest.approx(exact.difference.value, abs=1e-12)
    assert drawn.difference.deviation == pytest.approx(exact.difference.deviation, rel=0.12)


def test_paired_losses_are_those_of_their_means() -> None:
    exact = compare_means((FIRST - LABELS) ** 2, (SECOND - LABELS) ** 2)
    drawn = bootstrap.compare(score_metrics.brier, LABELS, FIRST, SECOND)
    assert drawn.difference.value == pytest.approx(exact.difference.value, abs=1e-12)
    assert drawn.difference.deviation == pytest.approx(exact.difference.deviation, rel=0.15)


def test_few_distinct_scores_are_resampled_exactly() -> None:
    first, second = (np.round(scores, 1) for scores in (FIRST, SECOND))
    few, many = (
        bootstrap.compare(score_metrics.average_precision, LABELS, first, second, Plan(bins=bins, resamples=100))
        for bins in (11, 1000)
    )
    assert few == many


def test_the_seed_is_the_only_chance() -> None:
    one, same, other = (
        bootstrap.compare(accuracy, LABELS, FIRST, SECOND, Plan(seed=seed, resamples=100)) for seed in (1, 1, 2)
    )
    assert one == same
    assert one.difference.low != other.difference.low


def test_a_metric_that_most_resamples_lack_has_no_interval() -> None:
    found = bootstrap.interval(score_metrics.auc, [1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3], Plan(resamples=200))
    assert found.value == 1
    assert not found.known


@pytest.mark.parametrize("threshold", [0.1, 0.45, 0.7])
def test_scores_that_are_the_threshold_are_resampled_as_they_are_decided(threshold: float) -> None:
    """The mean of many times 0.7 is rounded to less."""

    def f1(counted: ScoreTally) -> np.ndarray:
        return counted.confusion(threshold).f1

    def above(score: float) -> tuple[np.ndarray, np.ndarray]:
        first, second = (np.where(scores[:1000] > 0.6, score, 0.05) for scores in (FIRST, SECOND))
        return first, second

    plan = Plan(resamples=200, thresholds=(threshold,))
    at, higher = (bootstrap.compare(f1, LABELS[:1000], *above(score), plan) for score in (threshold, 0.75))
    assert at == higher
    assert at.difference.low < at.difference.high
