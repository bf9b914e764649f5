"""Text becomes what the signature of `fit` says, and an error names the hyperparameter."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from byo.hyperparameters import HyperparameterError, typed


class Loss(Enum):
    SQUARED = "squared"
    ABSOLUTE = "absolute"


def fit(
    channels: Any,
    *,
    trees: int,
    rate: float = 0.1,
    quiet: bool = False,
    name: str = "x",
    kind: Literal["linear", "cubic"] = "linear",
    loss: Loss = Loss.SQUARED,
    depth: int | None = None,
    layers: list[int] | None = None,
    weights: dict[str, float] | None = None,
    either: int | str = 0,
) -> None: ...


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"trees": "7"}, 7),
        ({"rate": "1e-3"}, 0.001),
        ({"quiet": "True"}, True),
        ({"quiet": "0"}, False),
        ({"name": "5"}, "5"),
        ({"name": '"five"'}, "five"),
        ({"kind": "cubic"}, "cubic"),
        ({"loss": "absolute"}, Loss.ABSOLUTE),
        ({"depth": "None"}, None),
        ({"depth": "3"}, 3),
        ({"layers": "[3, 4]"}, [3, 4]),
        ({"weights": '{"a": 0.5}'}, {"a": 0.5}),
        ({"either": "3"}, 3),
        ({"either": "three"}, "three"),
        ({"trees": 7}, 7),
    ],
)
def test_text_becomes_a_value(given: dict[str, Any], value: Any) -> None:
    found = typed(fit, {"trees": "1", **given})
    assert found[next(iter(given))] == value
    assert type(found[next(iter(given))]) is type(value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "the hyperparameter `trees` is missing, and `fit` has no default for it"),
        ({"trees": "7.5"}, "the hyperparameter `trees` is '7.5', not a whole number"),
        ({"trees": "7", "rate": "fast"}, "the hyperparameter `rate` is 'fast', not a number"),
        ({"trees": "7", "quiet": "maybe"}, "the hyperparameter `quiet` is 'maybe', not true or false"),
        ({"trees": "7", "kind": "square"}, "the hyperparameter `kind` is 'square', not one of linear, cubic"),
        ({"trees": "7", "loss": "huber"}, "the hyperparameter `loss` is 'huber', not one of squared, absolute"),
        ({"trees": "7", "layers": "3"}, "the hyperparameter `layers` is '3', not"),
        ({"tres": "7"}, "`fit` has no hyperparameter `tres`; did you mean `trees`?"),
    ],
)
def test_the_wrong_one_is_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(HyperparameterError) as error:
        typed(fit, given)
    assert str(error.value).startswith(message)


def test_what_sagemaker_adds_for_itself_is_left_out() -> None:
    assert typed(fit, {"trees": "7", "sagemaker_program": '"x"'}) == {"trees": 7}


def test_others_can_be_taken_as_text() -> None:
    def takes_all(channels: Any, *, trees: int = 1, **others: str) -> None: ...

    assert typed(takes_all, {"trees": "2", "colour": "red"}) == {"trees": 2, "colour": "red"}
