"""The model learns, and refuses rows that it cannot understand."""

from pathlib import Path

import model
import pytest

DATA = Path(__file__).parents[1] / "data"


def test_it_names_most_flowers_that_it_has_not_seen() -> None:
    tree = model.fit(model.read_examples(DATA / "training"), max_leaf_nodes=4)
    assert model.accuracy(tree, model.read_examples(DATA / "evaluation")) >= 0.9


def test_the_same_examples_give_the_same_predictions() -> None:
    examples = model.read_examples(DATA / "training")
    first, second = (model.fit(examples, max_leaf_nodes=4) for _ in range(2))
    assert model.predict(first, examples.features) == model.predict(second, examples.features)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5.1,3.5,1.4", "row 1 has 3 values, not 4"),
        ("5.1,3.5,1.4,0.2\n5.1,3.5,x,0.2", "row 2: could not convert string to float: 'x'"),
        ("", "there are no rows"),
    ],
)
def test_a_wrong_row_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.parse_features(text.splitlines(), 4)
