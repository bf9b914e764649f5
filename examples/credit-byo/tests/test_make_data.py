"""The conversion keeps every value of UCI's spreadsheet but the client's number, and puts the label first."""

import make_data

SHEET = [
    ["", "X1", "X2", "Y"],
    ["ID", "LIMIT_BAL", "AGE", "default payment next month"],
    [1.0, 20000.0, 24.0, 1.0],
    [2.0, 120000.0, 26.0, 0.0],
]


def test_the_label_comes_first_under_a_header() -> None:
    assert list(make_data.label_first(SHEET)) == [
        ["Label", "LIMIT_BAL", "AGE"],
        ["1", "20000", "24"],
        ["0", "120000", "26"],
    ]
