"""Models are compared on the same rows, and what a difference proves depends on its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.claims import Claim, Conclusion, examine, examine_threshold, needed_level
from agent.statistics.corrections import benjamini_hochberg, holm
from agent.statistics.delong import compare_auc
from agent.statistics.intervals import Estimate, difference, wilson
from agent.statistics.paired import compare_counts, compare_decisions, compare_means, mcnemar
from agent.statistics.sample_size import rows_for_difference, rows_for_width


def estimate(value: float, deviation: float, rows: float = 1000) -> Estimate:
    half = stats.norm.ppf(0.975) * deviation
    return Estimate(
        value=value, deviation=deviation, low=value - half, high=value + half, level=0.95, rows=rows, method="given"
    )


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 7), (10, 10), (6, 16), (5, 20), (60, 90)])
def test_mcnemar_is_the_mid_p_of_few_and_the_chi_square_of_many(one: int, other: int) -> None:
    if one == other:
        expected = 1.0
    elif one + other < 25:
        expected = stats.binomtest(one, one + other).pvalue - stats.binom.pmf(one, one + other, 0.5)
    else:
        expected = stats.chi2.sf((one - other) ** 2 / (one + other), 1)
    assert mcnemar(one, other) == pytest.approx(expected, rel=1e-9)


def test_wilson_is_that_of_scipy() -> None:
    for part, whole, level in ((3, 10, 0.9), (0, 5, 0.95), (50, 50, 0.99)):
        expected = stats.binomtest(part, whole).proportion_ci(level, "wilson")
        found = wilson(part, whole, level)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_share_of_nothing_is_undefined() -> None:
    assert math.isnan(wilson(0, 0).value)
    assert math.isnan(difference(wilson(0, 0), wilson(1, 2)).value)
    assert math.isnan(compare_counts(0, 0, 0, 0).p_value)


def test_decisions_are_counted() -> None:
    first, second = np.array([1, 1, 1, 0, 0, 0]), np.array([1, 1, 0, 1, 0, 0])
    assert compare_decisions(first, second) == compare_counts(2, 1, 1, 2)


def test_means_are_those_of_a_paired_test() -> None:
    random = np.random.default_rng(2)
    first, second = random.normal(size=(2, 30))
    found, expected = compare_means(first, second), stats.ttest_rel(second, first)
    interval = expected.confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((interval.low, interval.high))


def test_one_row_of_a_class_is_too_few_to_compare_areas() -> None:
    found = compare_auc([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.9], [0.3, 0.2, 0.1, 0.9])
    assert not found.difference.known
    assert examine(found.difference, Claim()).conclusion is Conclusion.NOT_ENOUGH_DATA


@pytest.mark.parametrize(("rows", "conclusion"), [(10, Conclusion.NOT_ENOUGH_DATA), (2000, Conclusion.PROVED)])
def test_two_perfect_models_are_alike_only_as_far_as_the_rows_can_tell(rows: int, conclusion: Conclusion) -> None:
    labels = np.arange(rows) % 2
    found = compare_auc(labels, labels * 0.8, labels * 0.9)
    assert found.difference.value == 0
    assert examine(found.difference, Claim(effect=-0.01)).conclusion is conclusion


def test_columns_of_other_rows_are_refused() -> None:
    with pytest.raises(UnusablePredictionsError, match="different numbers of rows: label 2, champion 2, candidate 3"):
        compare_auc([0, 1], [0.1, 0.2], [0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("value", "deviation", "claim", "conclusion"),
    [
        (0.02, 0.005, Claim(), Conclusion.PROVED),
        (0.02, 0.02, Claim(), Conclusion.NOT_ENOUGH_DATA),
        (-0.02, 0.005, Claim(), Conclusion.REFUTED),
        (-0.002, 0.002, Claim(effect=-0.01), Conclusion.PROVED),
        (-0.02, 0.002, Claim(effect=-0.01), Conclusion.REFUTED),
        (0.02, 0.002, Claim(effect=0.03), Conclusion.REFUTED),
        (-0.02, 0.005, Claim(greater_is_better=False), Conclusion.PROVED),
        (0.02, 0.005, Claim(effect=-0.01, greater_is_better=False), Conclusion.REFUTED),
        (0.0, 0.0, Claim(), Conclusion.REFUTED),
        (0.0, 0.0, Claim(effect=-0.001), Conclusion.PROVED),
        (math.nan, math.nan, Claim(), Conclusion.NOT_ENOUGH_DATA),
    ],
)
def test_a_claim_is_proved_by_the_bound_and_not_by_the_value(
    value: float, deviation: float, claim: Claim, conclusion: Conclusion
) -> None:
    assert examine(estimate(value, deviation), claim).conclusion is conclusion


def test_a_claim_has_the_one_sided_p_value_of_its_distance() -> None:
    found = examine(estimate(-0.002, 0.004), Claim(effect=-0.01))
    assert found.p_value == pytest.approx(stats.norm.sf(2))
    assert examine(estimate(0.0, 0.0), Claim(effect=-0.01)).p_value == 0


def test_a_threshold_itself_is_enough_and_no_more_than_reached_is_not_missed() -> None:
    assert examine_threshold(estimate(0.0, 0.0), 0.0, greater_is_better=False).conclusion is Conclusion.PROVED
    assert examine_threshold(wilson(50, 50), 1.0).conclusion is Conclusion.NOT_ENOUGH_DATA
    assert examine_threshold(wilson(49, 50), 1.0).conclusion is Conclusion.REFUTED
    assert examine_threshold(estimate(0.0, 0.0), 0.0, inclusive=False).conclusion is Conclusion.REFUTED


def test_a_bound_must_clear_a_threshold() -> None:
    assert examine_threshold(estimate(0.81, 0.01), 0.8).conclusion is Conclusion.NOT_ENOUGH_DATA
    assert examine_threshold(estimate(0.83, 0.01), 0.8).conclusion is Conclusion.PROVED
    assert examine_threshold(estimate(0.3, 0.01), 0.35, greater_is_better=False).conclusion is Conclusion.PROVED
    assert examine_threshold(estimate(0.3, 0.01), 0.25, greater_is_better=False).conclusion is Conclusion.REFUTED


def test_the_rows_that_are_needed_prove_the_claim_in_four_of_five_samples() -> None:
    few = examine(estimate(0.02, 0.02, rows=500), Claim())
    assert few.conclusion is Conclusion.NOT_ENOUGH_DATA
    assert few.rows_needed is not None
    random = np.random.default_rng(4)
    deviation = 0.02 * math.sqrt(500 / few.rows_needed)
    seen = random.normal(0.02, deviation, 4000)
    proved = np.mean([examine(estimate(value, deviation), Claim()).conclusion is Conclusion.PROVED for value in seen])
    assert proved == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("right", "rows", "required"), [(20, 20, 0.95), (49, 50, 0.9), (500, 500, 0.999)])
def test_more_rows_are_needed_than_were_not_enough(right: int, rows: int, required: float) -> None:
    """Also where the sample shows no variance, and the interval reaches further than the standard error says."""
    found = examine_threshold(wilson(right, rows), required)
    assert found.conclusion is Conclusion.NOT_ENOUGH_DATA
    assert found.rows_needed is not None
    assert found.rows_needed > rows
    more = wilson(right / rows * found.rows_needed, found.rows_needed)
    assert examine_threshold(more, required).conclusion is Conclusion.PROVED


def test_the_rows_that_a_share_needs_are_enough_in_about_four_of_five_samples() -> None:
    needed = examine_threshold(wilson(59, 64), 0.87).rows_needed
    assert needed is not None
    least = next(right for right in range(needed) if wilson(right, needed).low > 0.87)
    assert stats.binom.sf(least - 1, needed, 59 / 64) == pytest.approx(0.8, abs=0.05)


def test_models_that_decide_alike_need_more_rows_to_be_proved_so() -> None:
    found = examine(compare_counts(30, 0, 0, 10).difference, Claim(effect=-0.01))
    assert found.conclusion is Conclusion.NOT_ENOUGH_DATA
    assert found.rows_needed is not None
    parts = [found.rows_needed * 3 // 4, 0, 0, found.rows_needed // 4]
    assert examine(compare_counts(*parts).difference, Claim(effect=-0.011)).conclusion is Conclusion.PROVED


def test_no_number_of_rows_proves_what_is_not_seen() -> None:
    assert examine(estimate(-0.001, 0.02), Claim()).rows_needed is None
    assert rows_for_difference(estimate(0.1, math.nan), 0.1) is None
    assert rows_for_width(estimate(0.5, math.nan), 0.1) is None


def test_four_times_the_rows_halve_an_interval() -> None:
    seen = estimate(0.5, 0.01, rows=1000)
    assert rows_for_width(seen, (seen.high - seen.low) / 4) == 4000


def test_corrections_are_those_of_scipy_and_of_their_definition() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005, 0.2]
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))
    assert holm(p_values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])
    assert holm([]) == benjamini_hochberg([]) == ()
    assert needed_level(5, 0.95) == pytest.approx(0.99)
