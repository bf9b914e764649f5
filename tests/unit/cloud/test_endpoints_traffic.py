"""Traffic: shares are exact over any stretch of requests, not only in the long run."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cloud.sagemaker.traffic import Rotation, shares


def drawn(rotation: Rotation[str], count: int) -> Counter[str]:
    return Counter(rotation.next() for _ in range(count))


def test_a_canary_of_ten_percent_is_every_tenth_request() -> None:
    rotation = Rotation([("old", 0.9), ("new", 0.1)])
    for _ in range(5):
        assert drawn(rotation, 10) == {"old": 9, "new": 1}


@given(
    st.dictionaries(st.text(min_size=1), st.integers(0, 20), min_size=1).filter(lambda weights: any(weights.values()))
)
def test_each_target_gets_its_weight_in_every_round(weights: dict[str, int]) -> None:
    rotation = Rotation(weights.items())
    for _ in range(3):
        assert drawn(rotation, sum(weights.values())) == {name: count for name, count in weights.items() if count}


def test_a_target_without_weight_gets_nothing() -> None:
    assert drawn(Rotation([("a", 1.0), ("b", 0.0)]), 20) == {"a": 20}


def test_without_any_target_there_is_no_next() -> None:
    with pytest.raises(LookupError):
        Rotation([("a", 0.0)]).next()


def test_a_part_of_the_traffic_is_divided_by_weights() -> None:
    assert shares({"a": 1.0, "b": 3.0}, 0.5) == [("a", 0.125), ("b", 0.375)]


def test_weights_of_zero_throughout_count_as_equal() -> None:
    assert shares({"a": 0.0, "b": 0.0}) == [("a", 0.5), ("b", 0.5)]
