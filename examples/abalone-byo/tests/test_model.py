"""The model learns, gives the same answer twice, and names the row that it cannot understand."""

from pathlib import Path

import model
import pytest

ANIMAL = ["M", "0.4", "0.3", "0.1", "0.5", "0.2", "0.1", "0.1"]


def animals(count: int) -> model.Examples:
    """Animals whose rings are ten times their length."""
    lengths = [number / count for number in range(count)]
    return model.Examples(
        rings=[10 * length for length in lengths],
        features=[model.encode(["F", str(length), *ANIMAL[2:]]) for length in lengths],
    )


def test_it_learns_what_the_rings_depend_on() -> None:
    fitted = model.fit(animals(200), animals(30), max_depth=2, max_trees=100)
    rings = model.predict(fitted, [model.encode(["F", length, *ANIMAL[2:]]) for length in ("0.2", "0.8")])
    assert rings == pytest.approx([2, 8], abs=0.5)


def test_the_same_examples_give_the_same_model() -> None:
    first, second = (model.fit(animals(50), animals(10), max_depth=2, max_trees=20) for _ in range(2))
    assert model.predict(first, animals(20).features) == model.predict(second, animals(20).features)


def test_it_keeps_as_many_trees_as_the_validation_asks_for() -> None:
    contrary = model.Examples(rings=animals(30).rings[::-1], features=animals(30).features)
    assert model.fit(animals(50), contrary, max_depth=2, max_trees=20).n_estimators_ < 5
    assert model.fit(animals(50), animals(30), max_depth=2, max_trees=20).n_estimators_ == 20


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    fitted = model.fit(animals(50), animals(10), max_depth=1, max_trees=5)
    model.save(fitted, tmp_path)
    assert model.predict(model.load(tmp_path), animals(5).features) == model.predict(fitted, animals(5).features)


def test_the_sex_becomes_three_columns() -> None:
    assert [model.encode([sex, *ANIMAL[1:]])[:4] for sex in "MFI"] == [
        [1.0, 0.0, 0.0, 0.4],
        [0.0, 1.0, 0.0, 0.4],
        [0.0, 0.0, 1.0, 0.4],
    ]


def test_examples_have_the_rings_first(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"15,{','.join(ANIMAL)}\n")
    assert model.read_examples(tmp_path) == model.Examples(rings=[15.0], features=[model.encode(ANIMAL)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("M,0.4", "row 1: 2 values, not 8"),
        (",".join(["X", *ANIMAL[1:]]), "row 1: the sex is 'X', not one of M, F, I"),
        (
            ",".join(ANIMAL) + "\n" + ",".join(["M", "long", *ANIMAL[2:]]),
            "row 2: could not convert string to float: 'long'",
        ),
        ("", "there are no rows"),
    ],
)
def test_a_wrong_row_of_a_client_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.parse_features(text.splitlines())
