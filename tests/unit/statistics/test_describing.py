"""Columns are described as their rows have them, and a column that has moved is told from one that chance moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agent.statistics.describing import describe, moved
from agent.statistics.shift import psi, psi_by_chance
from agent.statistics.tables import Table

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(41)


def table(file: Path, **columns: Any) -> Table:
    pq.write_table(pa.table(columns), file)
    return Table(files=(file,))


def test_every_column_is_described_by_its_rows(tmp_path: Path) -> None:
    ages, wards = RANDOM.normal(50, 10, 1000), RANDOM.choice(["north", "south"], 1000, p=[0.8, 0.2]).tolist()
    ages[:10], wards[0] = np.nan, None
    found = describe(table(tmp_path / "a.parquet", age=ages, ward=wards, ill=RANDOM.integers(0, 2, 1000)))
    age, ward, ill = found.columns.values()
    assert (found.rows, found.left_out) == (1000, 0)
    assert (age.type, age.missing, age.most) == ("number", 10, ())
    assert age.mean == pytest.approx(ages[10:].mean())
    assert age.deviation == pytest.approx(ages[10:].std(ddof=1))
    assert (age.least, age.greatest) == (ages[10:].min(), ages[10:].max())
    assert (ward.type, ward.missing, ward.distinct, ward.mean) == ("text", 1, 2, None)
    assert ward.most == (("north", wards.count("north")), ("south", wards.count("south")))
    assert (ill.type, ill.distinct) == ("integer", 2)


def test_a_csv_file_without_a_header_has_the_names_that_it_is_given(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1,63,f\n0,41,m\n1,,f\n")
    plain = Table(files=(file,))
    assert list(describe(plain, ("ill", "age")).columns) == ["ill", "age", "column2"]
    assert describe(plain, ("ill", "age")).columns["age"].missing == 1
    first = describe(plain, most=1)
    assert (list(first.columns), first.left_out) == (["column0"], 2)


def test_a_table_without_rows_is_described_and_not_compared(tmp_path: Path) -> None:
    empty, full = table(tmp_path / "a.parquet", x=pa.array([], pa.int64())), table(tmp_path / "b.parquet", x=[1, 2])
    described = describe(empty), describe(full)
    assert (described[0].rows, described[0].columns["x"].mean) == (0, None)
    assert moved((empty, full), described) == {}


def test_only_a_column_that_has_moved_has_a_large_index_that_chance_does_not_explain(tmp_path: Path) -> None:
    before = table(
        tmp_path / "a.parquet", age=RANDOM.normal(50, 10, 4000), ward=["n"] * 2000 + ["s"] * 2000, same=[1, 2] * 2000
    )
    now = table(
        tmp_path / "b.parquet", age=RANDOM.normal(58, 10, 2000), ward=["n"] * 400 + ["w"] * 1600, same=[1, 2] * 1000
    )
    found = moved((before, now), (describe(before), describe(now)))
    age, ward, same = (found[name] for name in ("age", "ward", "same"))
    assert age.index > 0.25
    assert max(age.chance, ward.chance) < 1e-9
    assert len(age.bins) == 10
    assert (ward.bins, ward.before, ward.now) == (("n", "s", "w"), (2000, 2000, 0), (400, 0, 1600))
    assert ward.index == pytest.approx(psi([2000, 2000, 0], [400, 0, 1600]))
    assert (same.index, same.chance) == (0, 1)


def test_ids_and_columns_that_only_one_has_are_not_compared(tmp_path: Path) -> None:
    before = table(tmp_path / "a.parquet", id=[f"a{n}" for n in range(200)], x=[1] * 200, gone=[1] * 200)
    now = table(tmp_path / "b.parquet", id=[f"b{n}" for n in range(200)], x=["1"] * 200, new=[1] * 200)
    found = moved((before, now), (describe(before), describe(now)))
    assert list(found) == ["x"]
    assert describe(now).columns["id"].most == ()


def test_an_index_of_few_rows_is_by_chance_as_often_as_it_says() -> None:
    draws = RANDOM.multinomial(300, [0.1] * 10, 4000), RANDOM.multinomial(200, [0.1] * 10, 4000)
    chances = [psi_by_chance(psi(one, other), (300, 200), 10) for one, other in zip(*draws, strict=True)]
    assert np.mean(np.array(chances) < 0.05) == pytest.approx(0.05, abs=0.02)
    assert psi_by_chance(0.0, (10, 10), 1) == 1
