"""Every client is judged once, and known by what slices are made of."""

import evaluate
import model

CLIENTS = model.Examples(labels=[0, 1, 0], features=[[9.0, 1, 2, 1], [9.0, 2, 3, 1], [9.0, 2, 0, 1]])


def test_every_client_is_a_row_with_its_probability() -> None:
    rows = evaluate.predictions(CLIENTS, [0.1, 0.7, 0.2])
    assert {name: list(rows[name]) for name in ("row_id", "label", "score")} == {
        "row_id": [0, 1, 2], "label": [0, 1, 0], "score": [0.1, 0.7, 0.2],
    }  # fmt: skip


def test_clients_are_known_by_sex_and_education() -> None:
    rows = evaluate.predictions(CLIENTS, [0.1, 0.7, 0.2])
    assert list(rows["slice_sex"]) == ["men", "women", "women"]
    assert list(rows["slice_education"]) == ["university", "high school", "other"]
