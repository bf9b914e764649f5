"""The mean AUC of several classes has an interval that holds it, and so has the difference of two models'."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agent.statistics.delong import auc_interval, compare_auc
from agent.statistics.macro_auc import compare_macro_auc, macro_auc
from agent.statistics.tally import tally

SAMPLES = 400


def drawn(random: np.random.Generator, rows: int, models: int = 1) -> tuple[np.ndarray, list[np.ndarray]]:
    """Three classes, the last of a tenth of the rows, and each model's scores."""
    true = random.choice(3, rows, p=[0.6, 0.3, 0.1])
    shared = 1.2 * np.eye(3)[true] + random.normal(size=(rows, 3))
    return true, [shared + random.normal(scale=0.3 * (1 + number), size=(rows, 3)) for number in range(models)]


def test_two_classes_are_one_area() -> None:
    random = np.random.default_rng(1)
    truth, scores = random.random(200) < 0.3, random.random((2, 200))
    both = [np.stack([1 - each, each], axis=1) for each in scores]
    found, expected = macro_auc(truth.astype(int), both[0]), auc_interval(tally(truth, scores[0]))
    for name in ("value", "deviation", "low", "high"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))
    compared, alone = compare_macro_auc(truth.astype(int), both[0], both[1]), compare_auc(truth, scores[0], scores[1])
    assert compared.p_value == pytest.approx(alone.p_value)
    assert compared.difference.low == pytest.approx(alone.difference.low)


def test_the_spread_is_that_of_resampled_rows() -> None:
    random = np.random.default_rng(2)
    true, (champion, candidate) = drawn(random, 600, 2)
    resamples = []
    for _ in range(SAMPLES):
        rows = random.integers(0, 600, 600)
        found = compare_macro_auc(true[rows], champion[rows], candidate[rows])
        resamples.append((found.champion, found.difference.value))
    alone, difference = np.std(resamples, axis=0, ddof=1)
    assert macro_auc(true, champion).deviation == pytest.approx(alone, rel=0.15)
    assert compare_macro_auc(true, champion, candidate).difference.deviation == pytest.approx(difference, rel=0.15)


def test_intervals_hold_the_value_and_the_difference() -> None:
    random = np.random.default_rng(3)
    true, (champion, candidate) = drawn(random, 500_000, 2)
    population = compare_macro_auc(true, champion, candidate)
    hold = [0, 0]
    for _ in range(SAMPLES):
        true, (champion, candidate) = drawn(random, 200, 2)
        alone, found = macro_auc(true, champion), compare_macro_auc(true, champion, candidate).difference
        hold[0] += alone.low <= population.champion <= alone.high
        hold[1] += found.low <= population.difference.value <= found.high
    assert min(hold) / SAMPLES > 0.95 - 4 * math.sqrt(0.95 * 0.05 / SAMPLES)


def test_what_few_rows_do_not_tell_is_unknown() -> None:
    scores = np.eye(3)[[0, 0, 1, 1, 2]]
    one = macro_auc(np.array([0, 0, 1, 1, 2]), scores)
    assert one.value == 1
    assert not one.known
    assert math.isnan(macro_auc(np.array([0, 0, 1, 1, 1]), scores).value)
    assert not compare_macro_auc(np.array([0, 0, 1, 1, 2]), scores, scores).difference.known


def test_two_perfect_models_are_alike_as_far_as_the_rows_can_tell() -> None:
    true = np.arange(30) % 3
    perfect = macro_auc(true, np.eye(3)[true])
    assert (perfect.value, perfect.method) == (1, "Wilson")
    assert perfect.high == pytest.approx(1)
    assert perfect.low < 0.8
    found = compare_macro_auc(true, np.eye(3)[true], 0.5 * np.eye(3)[true]).difference
    assert found.low < 0 < found.high
