"""The model learns, gives the same answer twice, and names the row that it cannot understand."""

from pathlib import Path

import model
import pytest

EXAMPLES = model.Examples(labels=[0, 0, 0, 1, 1, 1], features=[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])


def test_it_learns_what_separates_the_labels() -> None:
    benign, malignant = model.probabilities(model.fit(EXAMPLES, trees=20, malignant_weight=1), [[1.5], [5.5]])
    assert benign < model.THRESHOLD < malignant


def test_the_same_examples_give_the_same_model() -> None:
    first, second = (model.fit(EXAMPLES, trees=5, malignant_weight=2) for _ in range(2))
    assert model.probabilities(first, EXAMPLES.features) == model.probabilities(second, EXAMPLES.features)


def test_the_weight_makes_it_more_careful() -> None:
    unclear = model.Examples(labels=[0, 0, 1], features=[[1.0], [1.0], [1.0]])
    (plain,), (careful,) = (
        model.probabilities(model.fit(unclear, trees=5, malignant_weight=weight), [[1.0]]) for weight in (1, 4)
    )
    assert plain < model.THRESHOLD < careful


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    fitted = model.fit(EXAMPLES, trees=5, malignant_weight=1)
    model.save(fitted, tmp_path)
    assert model.probabilities(model.load(tmp_path), [[1.5]]) == model.probabilities(fitted, [[1.5]])


def test_examples_are_read_from_every_csv_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,0.5,2\n")
    (tmp_path / "b.csv").write_text("0,1.5,3\n")
    (tmp_path / "notes.txt").write_text("not data\n")
    assert model.read_examples(tmp_path) == model.Examples(labels=[1, 0], features=[[0.5, 2.0], [1.5, 3.0]])


@pytest.mark.parametrize("row", ["2,0.5", "malignant,0.5", "1,high", ""])
def test_a_wrong_row_of_the_data_is_named(row: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"1,0.5\n{row}\n")
    with pytest.raises(ValueError, match=r"a\.csv, row 2"):
        model.read_examples(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2", "row 1 has 2 values, not 3"),
        ("1,2,3\n1,x,3", "row 2: could not convert string to float: 'x'"),
        ("", "there are no rows"),
    ],
)
def test_a_wrong_row_of_a_client_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.parse_features(text.splitlines(), 3)
