"""An interval of 95 % holds the true value in 95 of 100 samples, as far as so many samples can tell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.statistics import bootstrap, score_metrics
from agent.statistics.binary import decision_estimates
from agent.statistics.calibration import calibration, ece_interval
from agent.statistics.confusion import confusion
from agent.statistics.delong import auc_interval, compare_auc
from agent.statistics.fairness import disparate_impact
from agent.statistics.intervals import difference, mean, wilson
from agent.statistics.multiclass import decision_estimates as multiclass_estimates
from agent.statistics.paired import compare_counts
from agent.statistics.regression import regression_estimates, regression_sums
from agent.statistics.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.statistics.intervals import Estimate

SAMPLES = 800
MODEL_AUC = 0.5 * math.erfc(-1.2 / 2)
"""Of normal scores that are 1.2 standard deviations apart."""


def share_that_hold(true: float, sample: Callable[[np.random.Generator], Estimate], samples: int = SAMPLES) -> float:
    random = np.random.default_rng(2026)
    intervals = [sample(random) for _ in range(samples)]
    return sum(each.low <= true <= each.high for each in intervals) / samples


def within(share: float, samples: int = SAMPLES, bias: float = 0.0) -> bool:
    """Whether it is four standard errors of so many samples, or less, from 95 %; a known bias of the method apart."""
    return abs(share - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / samples) + bias


def scored(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    labels = random.random(rows) < 0.3
    return labels, random.normal(size=rows) + 1.2 * labels


@pytest.mark.parametrize(("true", "rows"), [(0.5, 40), (0.9, 60), (0.98, 200)])
def test_proportions(true: float, rows: int) -> None:
    assert within(share_that_hold(true, lambda random: wilson(random.binomial(rows, true), rows)), bias=0.01)


def test_areas() -> None:
    assert within(share_that_hold(MODEL_AUC, lambda random: auc_interval(tally(*scored(random, 200)))))


def test_differences_of_paired_areas() -> None:
    def sample(random: np.random.Generator) -> Estimate:
        labels, scores = scored(random, 200)
        noise = random.normal(scale=0.5, size=(2, 200))
        return compare_auc(labels, scores + noise[0], scores + noise[1]).difference

    assert within(share_that_hold(0, sample))


@pytest.mark.parametrize("shrunk", [1.0, 0.8, 0.4])
def test_calibration_errors(shrunk: float) -> None:
    """Of scores that are uniform, and come true less often by a factor; wider than need be, for the error is biased."""

    def sample(random: np.random.Generator) -> Estimate:
        scores = random.random(2000)
        bins = calibration(tally(random.random(2000) < shrunk * scores, scores))
        return ece_interval(bins, 2000, bootstrap.Plan(resamples=300))

    assert share_that_hold((1 - shrunk) / 2, sample, 300) > 0.95 - 4 * math.sqrt(0.95 * 0.05 / 300)


def test_resampled_areas() -> None:
    plan = bootstrap.Plan(resamples=300, bins=50)
    hold = share_that_hold(
        MODEL_AUC, lambda random: bootstrap.interval(score_metrics.auc, *scored(random, 300), plan), 300
    )
    assert within(hold, 300)


def test_resampled_differences() -> None:
    plan = bootstrap.Plan(resamples=300, bins=30)

    def sample(random: np.random.Generator) -> Estimate:
        labels, scores = scored(random, 300)
        noise = random.normal(scale=0.5, size=(2, 300))
        return bootstrap.compare(
            lambda t: t.confusion(0.5).f1, labels, scores + noise[0], scores + noise[1], plan
        ).difference

    assert within(share_that_hold(0, sample, 300), 300)


@pytest.mark.parametrize("metric", ["f1", "mcc", "balanced_accuracy", "precision"])
def test_decisions(metric: str) -> None:
    shares = np.array([0.2, 0.1, 0.1, 0.6])
    true = float(getattr(confusion(*shares), metric))

    def sample(random: np.random.Generator) -> Estimate:
        return decision_estimates(confusion(*random.multinomial(150, shares)))[metric]

    assert within(share_that_hold(true, sample))


@pytest.mark.parametrize("metric", ["macro_f1", "weighted_f1", "macro_precision", "weighted_precision", "macro_recall"])
def test_means_over_classes(metric: str) -> None:
    shares = np.array([[0.3, 0.05, 0.02], [0.04, 0.25, 0.04], [0.03, 0.05, 0.22]])
    true = multiclass_estimates(shares * 1e9)[metric].value

    def sample(random: np.random.Generator) -> Estimate:
        drawn = random.multinomial(400, shares.ravel()).reshape(3, 3).astype(np.float64)
        return multiclass_estimates(drawn)[metric]

    assert within(share_that_hold(true, sample))


def test_means_of_losses() -> None:
    def sample(random: np.random.Generator) -> Estimate:
        losses = random.exponential(size=150)
        return mean(float(losses.mean()), float(losses.var()), len(losses))

    # Losses are skewed, which Student's interval of so few rows does not know.
    assert within(share_that_hold(1, sample), bias=0.01)


@pytest.mark.parametrize(
    ("metric", "true"), [("mse", 1.0), ("rmse", 1.0), ("mae", math.sqrt(2 / math.pi)), ("r2", 0.8)]
)
def test_regressions(metric: str, true: float) -> None:
    def sample(random: np.random.Generator) -> Estimate:
        predicted = random.normal(scale=2, size=200)
        return regression_estimates(regression_sums(predicted + random.normal(size=200), predicted))[metric]

    assert within(share_that_hold(true, sample), bias=0.01)


def test_differences_of_independent_proportions() -> None:
    hold = share_that_hold(
        0.1, lambda random: difference(wilson(random.binomial(80, 0.4), 80), wilson(random.binomial(50, 0.3), 50))
    )
    assert within(hold, bias=0.01)


def test_differences_of_paired_proportions() -> None:
    shares = [0.6, 0.08, 0.12, 0.2]
    hold = share_that_hold(0.04, lambda random: compare_counts(*random.multinomial(120, shares).tolist()).difference)
    assert within(hold, bias=0.01)


def test_ratios_of_selection_rates() -> None:
    def sample(random: np.random.Generator) -> Estimate:
        chosen = random.binomial([150, 200], [0.3, 0.4])
        group, reference = (confusion(part, 0, rows - part, 0) for part, rows in zip(chosen, (150, 200), strict=True))
        return disparate_impact(group, reference)

    assert within(share_that_hold(0.75, sample))
