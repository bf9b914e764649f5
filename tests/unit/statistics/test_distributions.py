"""Tails and quantiles are scipy's, which the agent does without."""

from __future__ import annotations

import pytest
from scipy import stats

from agent.statistics import distributions


@pytest.mark.parametrize("freedom", [1, 2, 5, 30, 500])
@pytest.mark.parametrize("statistic", [0.0, 0.01, 1, 5, 40, 700])
def test_the_chi_square_tail(freedom: int, statistic: float) -> None:
    expected = stats.chi2.sf(statistic, freedom)
    assert distributions.chi_square_tail(statistic, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("freedom", [1, 2, 2.5, 9, 99, 9999, 10001, 1e7])
@pytest.mark.parametrize("probability", [0.5, 0.9, 0.975, 0.9999])
def test_the_quantiles_of_students_distribution(freedom: float, probability: float) -> None:
    expected = stats.t.ppf(probability, freedom)
    assert distributions.student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 3), (20, 2), (300, 400)])
@pytest.mark.parametrize("x", [-1, 0, 0.01, 0.4, 0.9, 1, 2])
def test_the_beta_tail(a: float, b: float, x: float) -> None:
    assert distributions.beta_tail(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (3, 10), (10, 10), (40, 100)])
def test_the_binomial_tail(successes: int, trials: int) -> None:
    for share in (0.1, 0.5):
        expected = stats.binom.cdf(successes, trials, share)
        assert distributions.binomial_tail(successes, trials, share) == pytest.approx(expected, rel=1e-9)


def test_the_normal_tail_far_out() -> None:
    assert distributions.normal_tail(20) == pytest.approx(stats.norm.sf(20), rel=1e-9)
    assert distributions.two_sided(0.95) == pytest.approx(1.959963984540054)
