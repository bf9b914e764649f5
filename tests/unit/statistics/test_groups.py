"""Parts of the data are measured apart: slices, groups of people, and what decisions about them are worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats.contingency import relative_risk

from agent.statistics.arrays import Categories
from agent.statistics.business import Values, best_threshold, expected_value
from agent.statistics.confusion import confusion
from agent.statistics.fairness import disparate_impact, fairness
from agent.statistics.intervals import Estimate, difference, wilson
from agent.statistics.slices import by_slice, groups
from agent.statistics.tally import tally

RANDOM = np.random.default_rng(8)
REGIONS = RANDOM.choice(["east", "north", "south", "west"], 4000, p=[0.4, 0.3, 0.29, 0.01])
RIGHT = RANDOM.random(4000) < np.where(REGIONS == "south", 0.7, 0.9)


def accuracy(rows: np.ndarray) -> Estimate:
    return wilson(int(RIGHT[rows].sum()), len(rows))


def test_the_worst_slice_is_found_and_how_far_the_rest_is_better() -> None:
    found = by_slice("region", REGIONS, accuracy)
    assert found.worst is not None
    assert found.worst.value == "south"
    south = REGIONS == "south"
    rest = accuracy(np.flatnonzero(~south))
    assert found.gap == difference(rest, accuracy(np.flatnonzero(south)))
    assert found.gap.low > 0.1


def test_of_errors_the_largest_is_the_worst() -> None:
    found = by_slice(
        "region", REGIONS, lambda rows: wilson(int((~RIGHT)[rows].sum()), len(rows)), greater_is_better=False
    )
    assert found.worst is not None
    assert found.gap is not None
    assert found.worst.value == "south"
    assert found.gap.low > 0.1


def test_a_slice_without_support_is_counted_and_not_measured() -> None:
    slices = {each.value: each for each in by_slice("region", REGIONS, accuracy).slices}
    assert slices["west"].rows == np.count_nonzero(REGIONS == "west")
    assert slices["west"].estimate is None


def test_a_single_slice_has_nothing_beside_it() -> None:
    found = by_slice("region", np.full(4000, "north"), accuracy)
    assert (found.worst, found.gap) == (None, None)


def test_a_slice_whose_metric_is_undefined_is_not_the_worst() -> None:
    def undefined_in_the_east(rows: np.ndarray) -> Estimate:
        return wilson(0, 0) if REGIONS[rows[0]] == "east" and len(set(REGIONS[rows])) == 1 else accuracy(rows)

    found = by_slice("region", REGIONS, undefined_in_the_east)
    assert found.worst is not None
    assert found.worst.value == "south"


def test_numbered_names_are_grouped_as_they_are() -> None:
    numbered = Categories(codes=np.array([1, 0, 1, 2]), names=("b", "a", "c"))
    assert {name: rows.tolist() for name, rows in groups(numbered)} == {"b": [1], "a": [0, 2], "c": [3]}


def test_a_ratio_of_rates_is_that_of_scipy() -> None:
    found = disparate_impact(confusion(20, 10, 30, 40), confusion(50, 30, 50, 70))
    expected = relative_risk(30, 100, 80, 200)
    low, high = expected.confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx((expected.relative_risk, low, high))


def test_a_group_that_nobody_is_chosen_of_has_no_interval() -> None:
    assert disparate_impact(confusion(0, 0, 5, 5), confusion(5, 5, 5, 5)).value == 0
    assert not disparate_impact(confusion(0, 0, 5, 5), confusion(5, 5, 5, 5)).known
    assert math.isnan(disparate_impact(confusion(5, 5, 5, 5), confusion(0, 0, 5, 5)).value)


@pytest.fixture(scope="module")
def people() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups, truth and decisions: b is found less often than a, and c is small."""
    group = RANDOM.choice(["a", "b", "c"], 5000, p=[0.6, 0.39, 0.01])
    truth = RANDOM.random(5000) < 0.5
    return group, truth, RANDOM.random(5000) < np.where(truth, np.where(group == "b", 0.6, 0.8), 0.2)


def test_groups_are_compared_with_the_largest(people: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    group, truth, decided = people
    found = fairness("group", group, truth, decided)
    assert (found.reference, found.too_small) == ("a", ("c",))
    (beside,) = found.groups
    rates = {
        name: (decided[of].mean(), decided[of & truth].mean(), decided[of & ~truth].mean())
        for name in "ab"
        for of in [group == name]
    }
    selected, true, false = (rates["b"][at] - rates["a"][at] for at in range(3))
    assert beside.disparate_impact.value == pytest.approx(rates["b"][0] / rates["a"][0])
    assert beside.equal_opportunity.value == pytest.approx(true)
    assert beside.equalised_odds.value == pytest.approx(max(abs(true), abs(false)))
    assert beside.equal_opportunity.high < -0.1
    assert 0.1 < beside.equalised_odds.low < beside.equalised_odds.value < beside.equalised_odds.high
    assert selected < 0


def test_any_group_may_be_the_reference(people: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    assert fairness("group", *people, reference="b").groups[0].group == "a"
    with pytest.raises(ValueError, match="no row of group is in the reference group d; there are a, b, c"):
        fairness("group", *people, reference="d")


def test_groups_are_compared_by_the_weights_of_their_rows(people: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    group, truth, decided = people
    plain, same = fairness("group", *people), fairness("group", *people, weights=np.full(5000, 0.5))
    assert same.groups[0].disparate_impact.value == pytest.approx(plain.groups[0].disparate_impact.value)
    assert same.groups[0].equal_opportunity.low == pytest.approx(plain.groups[0].equal_opportunity.low)
    kept = RANDOM.random(5000) < 0.7
    weighted = fairness("group", *people, weights=kept.astype(float)).groups[0]
    without = fairness("group", group[kept], truth[kept], decided[kept], support=60).groups[0]
    assert weighted.equalised_odds.high == pytest.approx(without.equalised_odds.high)
    assert weighted.disparate_impact.high == pytest.approx(without.disparate_impact.high)


def test_a_group_of_rows_without_weight_has_no_rates() -> None:
    found = fairness("group", list("aabb"), [1, 0, 1, 0], [1, 0, 1, 0], weights=[1, 1, 0, 0], support=1).groups[0]
    assert math.isnan(found.disparate_impact.value)
    assert math.isnan(found.equal_opportunity.value)


def test_a_group_without_positive_rows_has_no_odds() -> None:
    found = fairness("group", ["a"] * 4 + ["b"] * 2, [1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0], support=1)
    assert math.isnan(found.groups[0].equalised_odds.value)


VALUES = Values(true_positive=10, false_positive=-2, false_negative=-5)


def test_the_best_threshold_is_worth_most_of_all() -> None:
    labels = RANDOM.random(500) < 0.3
    scores = np.round(RANDOM.normal(labels * 1.0), 1)
    counted = tally(labels, scores)
    best = best_threshold(counted, VALUES)
    worth = [expected_value(counted.confusion(t), VALUES).value for t in [*np.unique(scores), math.inf]]
    assert best.expected.value == pytest.approx(max(worth))
    assert best.expected == expected_value(counted.confusion(best.threshold), VALUES)


def test_where_every_decision_costs_nobody_is_chosen() -> None:
    best = best_threshold(tally([0, 1], [0.2, 0.8]), Values(true_positive=-1, false_positive=-1))
    assert (best.threshold, best.expected.value) == (math.inf, 0)


def test_an_expected_value_is_the_mean_of_rows() -> None:
    rows = np.repeat([10, -2, -5, 0], [30, 20, 10, 40])
    found = expected_value(confusion(30, 20, 10, 40), VALUES)
    assert found.value == rows.mean()
    assert found.deviation == pytest.approx(rows.std(ddof=1) / 10)
