"""A row's placement is the share of the other class that it is on the right side of, whatever the ties and weights."""

from __future__ import annotations

import numpy as np
import pytest

from agent.statistics.placements import placements
from agent.statistics.weighing import moments

RANDOM = np.random.default_rng(8)
LABELS = RANDOM.random(300) < 0.3
SCORES = RANDOM.normal(size=300) + LABELS
WEIGHTS = RANDOM.integers(1, 5, 300).astype(np.float64)


def pair_by_pair(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The definition, in n² steps."""
    found = np.empty(len(truth))
    for row in range(len(truth)):
        others = truth != truth[row]
        right = (scores[row] - scores[others]) * (1 if truth[row] else -1)
        found[row] = np.average((np.sign(right) + 1) / 2, weights=weights[others])
    return found


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("digits", [16, 1, 0], ids=["distinct", "ties", "many ties"])
def test_placements_are_counted_pair_by_pair(digits: int, weights: np.ndarray | None) -> None:
    scores = np.round(SCORES, digits)
    expected = pair_by_pair(LABELS, scores, np.ones(300) if weights is None else weights)
    assert placements(LABELS, scores, weights) == pytest.approx(expected, abs=1e-12)


def test_equal_scores_are_a_half_everywhere() -> None:
    assert set(placements(LABELS, np.zeros(300))) == {0.5}


def test_moments_of_equal_weights_are_those_of_rows() -> None:
    assert moments(SCORES, np.full(300, 0.7)) == pytest.approx(moments(SCORES))
