"""Every animal is predicted once, and known by its sex."""

import evaluate
import model

ANIMALS = model.Examples(
    rings=[10.0, 8.0],
    features=[model.encode([sex, *["0.5"] * (model.COLUMNS - 1)]) for sex in ("F", "I")],
)


def test_every_animal_is_a_row_with_its_rings() -> None:
    rows = evaluate.predictions(ANIMALS, [11.0, 8.5])
    assert {name: list(column) for name, column in rows.items()} == {
        "row_id": [0, 1], "label": [10.0, 8.0], "prediction": [11.0, 8.5], "slice_sex": ["female", "infant"],
    }  # fmt: skip
