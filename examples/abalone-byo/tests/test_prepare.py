"""The split has its shares, loses nothing, and is the same for the same rows."""

from pathlib import Path

import prepare

ROWS = [f"{number % 20},M,0.{number}" for number in range(200)]


def test_every_row_is_in_one_data_set_and_each_has_its_share() -> None:
    sides = prepare.split(ROWS)
    assert sorted(row for side in sides.values() for row in side) == sorted(ROWS)
    assert {name: len(side) for name, side in sides.items()} == {"training": 140, "validation": 30, "evaluation": 30}


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert prepare.split(ROWS[::-1]) == prepare.split(ROWS)


def test_the_rings_move_to_the_front() -> None:
    assert prepare.label_first("M,0.455,0.365,15") == "15,M,0.455,0.365"


def test_the_rows_of_every_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "b.data").write_text("I,0.2,7\n\n")
    (tmp_path / "a.data").write_text("M,0.4,15\n")
    assert prepare.read_rows(tmp_path) == ["M,0.4,15", "I,0.2,7"]
