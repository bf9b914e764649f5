"""What holds of any predictions: ranks do in one sort what the definitions do with every pair of rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.statistics import bootstrap, score_metrics
from agent.statistics.binary import binary_report
from agent.statistics.corrections import benjamini_hochberg, holm
from agent.statistics.delong import auc_interval, compare_auc
from agent.statistics.tally import merged, tally

SCORE = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0]) | st.floats(0, 1, width=32)
ROWS = st.lists(st.tuples(st.booleans(), SCORE, SCORE), min_size=1, max_size=40)
# A busy machine takes its time: an example has no deadline.
OFTEN, RARELY = settings(deadline=None, max_examples=50), settings(deadline=None, max_examples=15)
BOTH = ROWS.filter(lambda rows: 2 <= sum(label for label, *_ in rows) <= len(rows) - 2)


def columns(rows: list[tuple[bool, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels, first, second = (np.array(each) for each in zip(*rows, strict=True))
    return labels, first.astype(np.float64), second.astype(np.float64)


def placements(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's components by their definition: the mean over all pairs."""
    positives, negatives = scores[labels][:, None], scores[~labels][None, :]
    pairs = (positives > negatives) + 0.5 * (positives == negatives)
    return pairs.mean(axis=1), pairs.mean(axis=0)


@OFTEN
@given(BOTH)
def test_delong_by_ranks_is_delong_by_pairs(rows: list[tuple[bool, float, float]]) -> None:
    labels, first, second = columns(rows)
    found = compare_auc(labels, first, second)
    (p1, n1), (p2, n2) = placements(labels, first), placements(labels, second)
    variance = np.var(p2 - p1, ddof=1) / len(p1) + np.var(n2 - n1, ddof=1) / len(n1)
    assert found.difference.value == pytest.approx(p2.mean() - p1.mean(), abs=1e-12)
    assert found.difference.deviation == pytest.approx(math.sqrt(variance), abs=1e-12)
    single = auc_interval(tally(labels, first))
    alone = np.var(p1, ddof=1) / len(p1) + np.var(n1, ddof=1) / len(n1)
    assert single.value == pytest.approx(p1.mean(), abs=1e-12)
    assert single.deviation == pytest.approx(math.sqrt(alone), abs=1e-9)


@OFTEN
@given(ROWS, st.integers(0, 40))
def test_two_parts_merge_into_the_whole(rows: list[tuple[bool, float, float]], at: int) -> None:
    labels, scores, _ = columns(rows)
    cut = min(at, len(rows))
    parts = [tally(labels[p], scores[p]) for p in (slice(0, cut), slice(cut, None)) if len(labels[p])]
    whole, joined = tally(labels, scores), merged(parts)
    assert joined.scores.tolist() == whole.scores.tolist()
    assert joined.positives.tolist() == whole.positives.tolist()
    assert joined.negatives.tolist() == whole.negatives.tolist()


@OFTEN
@given(ROWS)
def test_every_interval_of_a_report_holds_its_value(rows: list[tuple[bool, float, float]]) -> None:
    labels, scores, _ = columns(rows)
    report = binary_report(tally(labels, scores))
    for name, each in report.metrics.items():
        if each.known:
            assert each.low - 1e-12 <= each.value <= each.high + 1e-12, name
    parts = report.brier_parts
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert parts.brier == pytest.approx(total, abs=1e-12)


@RARELY
@given(BOTH)
def test_a_model_does_not_differ_from_itself(rows: list[tuple[bool, float, float]]) -> None:
    labels, scores, _ = columns(rows)
    exact = compare_auc(labels, scores, scores)
    resampled = bootstrap.compare(score_metrics.brier, labels, scores, scores, bootstrap.Plan(resamples=50))
    for found in (exact, resampled):
        assert found.difference.low <= found.difference.value == 0 <= found.difference.high
        assert found.p_value == 1


@OFTEN
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrected_p_values_keep_their_order_and_holm_is_the_stricter(p_values: list[float]) -> None:
    order = np.argsort(p_values, kind="stable")
    strict, lenient = holm(p_values), benjamini_hochberg(p_values)
    for corrected in (strict, lenient):
        assert np.all(np.diff(np.array(corrected)[order]) >= 0)
        assert all(raw <= new <= 1 for raw, new in zip(p_values, corrected, strict=True))
    assert all(one >= other for one, other in zip(strict, lenient, strict=True))
