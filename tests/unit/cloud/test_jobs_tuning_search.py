"""How a tuning job chooses: ranges and their scales, and what each strategy makes of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.tuning_ranges import Range, parameter_ranges
from agent.cloud.sagemaker.tuning_search import STRATEGIES, Search, Trial, grid_size


def integer(low: int, high: int, **members: Any) -> dict[str, Any]:
    return {"IntegerParameterRanges": [{"Name": "n", "MinValue": str(low), "MaxValue": str(high), **members}]}


def continuous(low: float, high: float, **members: Any) -> dict[str, Any]:
    return {"ContinuousParameterRanges": [{"Name": "x", "MinValue": str(low), "MaxValue": str(high), **members}]}


def categorical(**values: list[str]) -> dict[str, Any]:
    return {"CategoricalParameterRanges": [{"Name": name, "Values": given} for name, given in values.items()]}


def only(members: dict[str, Any]) -> Range:
    (found,) = parameter_ranges(members)
    return found


# --- ranges --------------------------------------------------------------------------------------------------------

PLACES = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(PLACES, st.integers(-1000, 1000), st.integers(0, 1000))
def test_integers_stay_in_their_range(place: float, low: int, width: int) -> None:
    assert low <= int(only(integer(low, low + width)).value(place)) <= low + width


@given(PLACES, st.sampled_from(["Linear", "Logarithmic", "ReverseLogarithmic"]))
def test_numbers_stay_in_their_range_on_every_scale(place: float, scale: str) -> None:
    assert 0.001 <= float(only(continuous(0.001, 0.9, ScalingType=scale)).value(place)) <= 0.9


@given(PLACES, st.sampled_from(["Linear", "Logarithmic", "ReverseLogarithmic"]))
def test_a_value_knows_its_place(place: float, scale: str) -> None:
    numbers = only(continuous(0.001, 0.9, ScalingType=scale))
    assert numbers.place(numbers.value(place)) == pytest.approx(place, abs=1e-6)


def test_every_integer_is_equally_likely() -> None:
    numbers = only(integer(1, 4))
    values = [numbers.value((i + 0.5) / 400) for i in range(400)]
    assert [values.count(str(n)) for n in (1, 2, 3, 4)] == [100] * 4


def test_a_logarithmic_scale_gives_each_order_of_magnitude_its_share() -> None:
    numbers = only(continuous(0.001, 1, ScalingType="Logarithmic"))
    assert float(numbers.value(1 / 3)) == pytest.approx(0.01)


@pytest.mark.parametrize(("high", "middle"), [(10, 5.5), (10_000, 100)])
def test_automatic_scaling_is_logarithmic_for_wide_ranges(high: float, middle: float) -> None:
    assert float(only(continuous(1, high)).value(0.5)) == pytest.approx(middle)


def test_what_is_outside_a_range_has_no_place() -> None:
    assert only(continuous(0, 1)).place("2") is None
    assert only(categorical(c=["a"])).place("b") is None
    assert only(integer(0, 1)).place("many") is None


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (integer(3, 2), "less than or equal"),
        (continuous(0, 1, ScalingType="Logarithmic"), "greater than 0"),
        (continuous(0, 1, ScalingType="ReverseLogarithmic"), "ReverseLogarithmic"),
        ({"IntegerParameterRanges": [{"Name": "n", "MinValue": "1.5", "MaxValue": "2"}]}, "integers"),
        (integer(1, 2) | categorical(n=["1"]), "only one range"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(AwsError, match=reason):
        parameter_ranges(members)


# --- strategies ----------------------------------------------------------------------------------------------------

BOTH = parameter_ranges(continuous(0, 1) | integer(1, 9))


def choose(strategy: str, search: Search) -> dict[str, str] | None:
    return STRATEGIES[strategy](search)


def test_a_grid_visits_every_combination_once_and_then_ends() -> None:
    ranges = parameter_ranges(categorical(a=["1", "2"], b=["x", "y", "z"]))
    assert grid_size(ranges) == 6
    chosen = [choose("Grid", Search(ranges=ranges, trials=[], number=i, seed=0)) for i in range(7)]
    assert len({tuple(sorted((c or {}).items())) for c in chosen[:6]}) == 6
    assert chosen[6] is None


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_the_same_seed_and_trials_give_the_same_choice(strategy: str) -> None:
    trials = [Trial(values={"x": str(i / 10), "n": "3"}, loss=i / 10) for i in range(10)]
    search = Search(ranges=BOTH, trials=trials, number=10, seed=7)
    assert choose(strategy, search) == choose(strategy, search)


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_different_seeds_give_different_choices(strategy: str) -> None:
    first, second = (choose(strategy, Search(ranges=BOTH, trials=[], number=0, seed=seed)) for seed in (1, 2))
    assert first != second


def loss(values: dict[str, str]) -> float:
    return (float(values["x"]) - 0.3) ** 2 + 0.05 * abs(int(values["n"]) - 7)


def found(strategy: str, seed: int, jobs: int = 30) -> float:
    """The least loss that a strategy finds with so many jobs."""
    trials: list[Trial] = []
    for number in range(jobs):
        values = choose(strategy, Search(ranges=BOTH, trials=trials, number=number, seed=seed))
        assert values is not None
        trials.append(Trial(values=values, loss=loss(values)))
    return min(trial.loss for trial in trials if trial.loss is not None)


def test_learning_from_results_finds_better_values_than_chance() -> None:
    seeds = range(20)
    learned, drawn = (sum(found(strategy, seed) for seed in seeds) for strategy in ("Bayesian", "Random"))
    assert learned < 0.6 * drawn


def test_choices_without_a_result_yet_do_not_stop_the_search() -> None:
    pending = [Trial(values={"x": "0.5", "n": "5"}) for _ in range(20)]
    assert choose("Bayesian", Search(ranges=BOTH, trials=pending, number=20, seed=0)) is not None


def test_trials_of_other_ranges_are_no_use() -> None:
    other = [Trial(values={"x": "5", "n": "3"}, loss=0.0), Trial(values={"y": "1"}, loss=0.0)] * 10
    search = Search(ranges=BOTH, trials=[], number=3, seed=0)
    assert choose("Bayesian", Search(ranges=BOTH, trials=other, number=3, seed=0)) == choose("Bayesian", search)


def test_the_start_covers_the_space_evenly() -> None:
    ranges = parameter_ranges(continuous(0, 1))
    chosen = [choose("Bayesian", Search(ranges=ranges, trials=[], number=i, seed=5)) for i in range(16)]
    quarters = sorted(math.floor(float((c or {})["x"]) * 4) for c in chosen)
    assert [quarters.count(q) for q in range(4)] == [4, 4, 4, 4]
