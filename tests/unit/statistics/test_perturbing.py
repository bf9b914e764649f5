"""Copies of tables are worse in the columns that are named, by as much as is said, and the same everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from agent.errors import UsageError
from agent.statistics.perturbations import Perturbation
from agent.statistics.perturbing import Perturbed, perturbed
from agent.statistics.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROWS = 4000


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Two files without a header: the label, a real number, a whole one, and a town that may need quotes."""
    chance, files = np.random.default_rng(7), []
    for number, rows in enumerate((ROWS - 1000, 1000)):
        towns = chance.choice(["Berlin", '"Rome, GA"', ""], rows)
        lines = zip(
            chance.integers(0, 2, rows), chance.normal(0, 5, rows), chance.integers(20, 80, rows), towns, strict=True
        )
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text("".join(f"{label},{real:.4f},{whole},{town}\n" for label, real, whole, town in lines))
    return Table(files=tuple(files))


def made(
    table: Table, folder: Path, kind: Any, *columns: str, amount: float = 0.1, seed: str = "a", **more: Any
) -> Perturbed:
    (folder / seed).mkdir(exist_ok=True)
    how = Perturbation(kind=kind, columns=columns, amount=amount, seed=seed)
    return perturbed(table, how, folder / seed, **more)


def columns(files: Sequence[Path], header: bool = False) -> list[list[str | None]]:
    """Every column as it is written."""
    found = [
        duckdb.execute(f"SELECT * FROM read_csv('{file}', header = {header}, all_varchar = true)").fetchall()
        for file in files
    ]
    return [list(column) for column in zip(*(row for rows in found for row in rows), strict=True)]


def numbers(column: list[str | None]) -> np.ndarray[Any, Any]:
    return np.array(column, dtype=float)


def test_noise_is_normal_and_in_deviations_of_the_column(table: Table, tmp_path: Path) -> None:
    copy = made(table, tmp_path, "noise", "column1", amount=0.5)
    before, after = columns(table.files), columns(copy.files)
    assert [before[place] for place in (0, 2, 3)] == [after[place] for place in (0, 2, 3)]
    added = (numbers(after[1]) - numbers(before[1])) / (0.5 * numbers(before[1]).std())
    assert (copy.rows, dict(copy.changed)) == (ROWS, {"column1": ROWS})
    assert abs(added.mean()) < 0.06
    assert added.std() == pytest.approx(1, abs=0.05)
    # As many as a normal distribution has beyond two deviations, whichever file they are in.
    assert np.mean(np.abs(added) > 2) == pytest.approx(0.0455, abs=0.012)
    assert not np.allclose(added[:1000], added[-1000:])


def test_whole_numbers_stay_whole(table: Table, tmp_path: Path) -> None:
    copy = made(table, tmp_path, "noise", "column2", amount=0.2)
    before, after = (columns(each.files)[2] for each in (table, copy))
    assert all(value is not None and value.lstrip("-").isdigit() for value in after)
    assert copy.changed["column2"] == sum(old != new for old, new in zip(before, after, strict=True)) > ROWS / 2


def test_a_column_is_shifted_and_scaled(table: Table, tmp_path: Path) -> None:
    before = numbers(columns(table.files)[1])
    shifted = made(table, tmp_path, "shift", "column1", amount=-0.5)
    scaled = made(table, tmp_path, "scale", "column1", "column1", amount=1.5, seed="b")
    np.testing.assert_allclose(numbers(columns(shifted.files)[1]), before - 0.5 * before.std())
    np.testing.assert_allclose(numbers(columns(scaled.files)[1]), before * 1.5)


def test_values_are_missing_in_other_rows_of_each_column(table: Table, tmp_path: Path) -> None:
    copy = made(table, tmp_path, "missing", "column1", "column2", amount=0.25)
    first, second = (np.array([value is None for value in columns(copy.files)[place]]) for place in (1, 2))
    assert copy.changed == {"column1": first.sum(), "column2": second.sum()}
    assert first.mean() == pytest.approx(0.25, abs=0.03)
    assert np.mean(first & second) == pytest.approx(0.0625, abs=0.015)


def test_shuffled_columns_move_together_through_all_files(table: Table, tmp_path: Path) -> None:
    copy = made(table, tmp_path, "shuffle", "column1", "column3")
    before, after = columns(table.files), columns(copy.files)
    pairs = [sorted(zip(each[1], map(str, each[3]), strict=True)) for each in (before, after)]
    assert pairs[0] == pairs[1]
    assert before[1] != after[1]
    assert (before[0], before[2]) == (after[0], after[2])
    assert set(after[1][-1000:]) & set(before[1][:1000])


def test_categories_are_swapped_for_others(table: Table, tmp_path: Path) -> None:
    copy = made(table, tmp_path, "swap", "column3", amount=0.3)
    before, after = (columns(each.files)[3] for each in (table, copy))
    assert set(after) == {"Berlin", "Rome, GA", None}
    present = [pair for pair in zip(before, after, strict=True) if pair[0] is not None]
    assert np.mean([old != new for old, new in present]) == pytest.approx(0.3, abs=0.03)
    assert all(new is None for old, new in zip(before, after, strict=True) if old is None)


def test_the_same_seed_makes_the_same_copy_and_another_one_another(table: Table, tmp_path: Path) -> None:
    first, second = (made(table, tmp_path, "noise", "column1", seed=seed) for seed in ("a", "b"))
    again = made(table, tmp_path, "noise", "column1", seed="a")
    assert [file.read_bytes() for file in first.files] == [file.read_bytes() for file in again.files]
    assert columns(first.files)[1] != columns(second.files)[1]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    query = (
        "SELECT i % 2 AS label, CAST(i % 100 AS UTINYINT) AS age, CAST(i AS FLOAT) AS size,"
        " CAST(i / 7 AS DECIMAL(9, 2)) AS price, i % 3 = 0 AS member FROM range(1000) AS rows(i)"
    )
    duckdb.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
    copy = made(Table(files=(file,)), tmp_path, "noise", "age", "size", "price", amount=1)
    kinds = [duckdb.execute(f"DESCRIBE SELECT * FROM '{each}'").fetchall() for each in (file, *copy.files)]
    assert kinds[0] == kinds[1]
    # What would be below 0 or above 255 stays as it was, in some of the rows.
    assert 500 < copy.changed["age"] < 1000
    (flags,) = duckdb.execute(f"SELECT list(member ORDER BY label) FROM '{copy.files[0]}'").fetchall()[0]
    assert sum(flags) == 334


def test_a_header_and_a_delimiter_stay(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("ill;age;note\n1;63;a,b\n0;;c\n1;41;d\n")
    copy = made(Table(files=(file,), header=True), tmp_path, "scale", "age", amount=2)
    assert copy.files[0].read_text() in {
        "ill;age;note\n1;126;a,b\n0;;c\n1;82;d\n",
        'ill;age;note\n1;126;"a,b"\n0;;c\n1;82;d\n',
    }


REFUSED = {
    "there is no column column9 to perturb; the columns are column0, column1": ("noise", "column9", 0.1),
    "the column column0 is the label": ("noise", "column0", 0.1),
    "the column column3 has the value '.*', which is no number": ("noise", "column3", 0.1),
    "the column column1 has more than 1000 values": ("swap", "column1", 0.1),
    f"scale leaves the column column1 as it is in all of {ROWS} rows": ("scale", "column1", 1.0),
    f"missing leaves the column column1 as it is in all of {ROWS} rows": ("missing", "column1", 1e-9),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_perturbed_is_named(table: Table, tmp_path: Path, said: str) -> None:
    kind, column, amount = REFUSED[said]
    with pytest.raises(UsageError, match=said):
        made(table, tmp_path, kind, column, amount=amount)


def test_columns_are_known_by_their_place_however_many_there_are(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text("".join(",".join(str(row * place) for place in range(12)) + "\n" for row in range(1, 9)))
    copy = made(Table(files=(file,)), tmp_path, "scale", "column2", amount=10)
    assert columns(copy.files)[2] == [str(20 * row) for row in range(1, 9)]
