"""The models learn, give the same answer twice, and name the row that they cannot understand."""

from pathlib import Path

import model
import pytest

EXAMPLES = model.Examples(labels=[0, 1] * 30, features=[[float(number), number % 2 + 0.1] for number in range(60)])


@pytest.mark.parametrize("kind", model.MODELS)
def test_it_learns_what_separates_the_labels(kind: str) -> None:
    fitted = model.fit(EXAMPLES, kind=kind, class_weight="equal")
    paid, default = model.probabilities(fitted, [[7.0, 0.1], [7.0, 1.1]])
    assert paid < model.THRESHOLD < default


@pytest.mark.parametrize("kind", model.MODELS)
def test_the_same_examples_give_the_same_model(kind: str) -> None:
    first, second = (model.fit(EXAMPLES, kind=kind, class_weight="balanced") for _ in range(2))
    assert model.probabilities(first, EXAMPLES.features) == model.probabilities(second, EXAMPLES.features)


@pytest.mark.parametrize("kind", model.MODELS)
def test_balanced_weights_find_the_rare_label(kind: str) -> None:
    rare = model.Examples(labels=[0, 0, 0, 1] * 20, features=[[1.0]] * 80)
    (equal,), (balanced,) = (
        model.probabilities(model.fit(rare, kind=kind, class_weight=weight), [[1.0]]) for weight in model.CLASS_WEIGHTS
    )
    assert equal == pytest.approx(0.25, abs=0.01)
    assert balanced == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "wrong", [{"kind": "forest", "class_weight": "equal"}, {"kind": "logistic", "class_weight": "2"}]
)
def test_a_choice_that_does_not_exist_is_named_with_those_that_do(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"not one of (logistic, boosting|equal, balanced)"):
        model.fit(EXAMPLES, **wrong)


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    fitted = model.fit(EXAMPLES, kind="boosting", class_weight="equal")
    model.save(fitted, tmp_path)
    rows = EXAMPLES.features[:4]
    assert model.probabilities(model.load(tmp_path), rows) == model.probabilities(fitted, rows)


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
