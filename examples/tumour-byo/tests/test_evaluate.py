"""Every tumour is judged once, and known by its place."""

import evaluate
import model

TUMOURS = model.Examples(labels=[0, 1, 0], features=[[9.0], [20.0], [11.0]])


def test_every_tumour_is_a_row_with_its_probability() -> None:
    rows = evaluate.predictions(TUMOURS, [0.1, 0.7, 0.2])
    assert {name: list(values) for name, values in rows.items()} == {
        "row_id": [0, 1, 2], "label": [0, 1, 0], "score": [0.1, 0.7, 0.2],
    }  # fmt: skip
