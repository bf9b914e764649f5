"""The split keeps the share of every label, loses nothing, and is the same for the same rows."""

import gzip
from pathlib import Path

import prepare
import pytest

ROWS = [f"{int(number % 4 == 0)},{number}.5" for number in range(200)]


def test_every_row_is_on_one_side_and_labels_keep_their_shares() -> None:
    sides = prepare.split(ROWS, share=0.3, seed="s")
    assert sorted([*sides.training, *sides.evaluation]) == sorted(ROWS)
    assert prepare.described(sides.evaluation)["labels"] == {"0": 45, "1": 15}


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert prepare.split(ROWS[::-1], share=0.3, seed="s") == prepare.split(ROWS, share=0.3, seed="s")


def test_another_seed_is_another_split() -> None:
    assert prepare.split(ROWS, share=0.3, seed="t") != prepare.split(ROWS, share=0.3, seed="s")


def test_a_new_row_leaves_nearly_all_others_on_their_side() -> None:
    before = set(prepare.split(ROWS, share=0.3, seed="s").evaluation)
    after = set(prepare.split([*ROWS, "0,999.5"], share=0.3, seed="s").evaluation)
    assert len(before - after) <= 1


def test_labels_are_mixed_so_that_the_first_rows_hold_both() -> None:
    first = prepare.split(ROWS, share=0.3, seed="s").evaluation[:20]
    assert {prepare.label_of(row) for row in first} == {"0", "1"}


def test_rows_are_read_without_headers_compressed_or_not(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("Label,AGE\n0,30\n\n")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"Label,AGE\n1,40\n"))
    assert prepare.read_rows(tmp_path) == ["1,40", "0,30"]


def test_a_file_without_the_header_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,30\n")
    with pytest.raises(ValueError, match=r"a\.csv does not begin with a header `Label,…`"):
        prepare.read_rows(tmp_path)
