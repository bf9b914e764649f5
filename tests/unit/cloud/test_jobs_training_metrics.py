"""Metric definitions: what a regular expression finds in the lines that an algorithm prints."""

from __future__ import annotations

import re

import pytest

from agent.cloud.sagemaker.training_metrics import metric_definitions, metrics_in

LOSS = metric_definitions([{"Name": "loss", "Regex": r"loss=([^;]+);"}])


def test_the_first_group_holds_the_value() -> None:
    assert metrics_in("epoch 3 loss=0.25; fine", LOSS) == [("loss", 0.25)]


def test_a_line_may_hold_several_values() -> None:
    assert metrics_in("loss=3; loss=2e-1;", LOSS) == [("loss", 3.0), ("loss", 0.2)]


def test_every_definition_is_looked_for() -> None:
    both = metric_definitions([{"Name": "a", "Regex": "a=([0-9]+)"}, {"Name": "b", "Regex": "b=([0-9]+)"}])
    assert metrics_in("b=2 a=1", both) == [("a", 1.0), ("b", 2.0)]


def test_an_expression_without_a_group_gives_the_whole_match() -> None:
    assert metrics_in("0.5", metric_definitions([{"Name": "all", "Regex": r"[0-9.]+"}])) == [("all", 0.5)]


@pytest.mark.parametrize("text", ["loss=n/a;", "loss=nan;", "loss=inf;", "loss=;", "nothing"])
def test_what_is_no_finite_number_is_no_value(text: str) -> None:
    assert metrics_in(text, LOSS) == []


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(re.error):
        metric_definitions([{"Name": "bad", "Regex": "("}])
