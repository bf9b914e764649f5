"""Data sets are compared: rows that both have, features that give the label away, shares that have moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv
from scipy import stats

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.duplicates import shared_rows
from agent.statistics.leakage import single_category_auc, single_feature_auc
from agent.statistics.shift import homogeneity, psi, psi_of_values

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(6)


def columns(rows: int) -> dict[str, np.ndarray]:
    return {
        "age": RANDOM.integers(0, 90, rows),
        "income": RANDOM.normal(size=rows),
        "city": RANDOM.choice(["Rome", "Oslo"], rows),
        "active": RANDOM.random(rows) < 0.5,
    }


def written(file: Path, **table: Any) -> list[Path]:
    (csv.write_csv if file.suffix == ".csv" else pq.write_table)(pa.table(table), file)
    return [file]


def test_rows_that_both_data_sets_have_are_found(tmp_path: Path) -> None:
    first, second = columns(1000), columns(500)
    for name in first:
        second[name][[3, 400]] = first[name][[7, 900]]
    files = written(tmp_path / "1.parquet", **first), written(tmp_path / "2.parquet", **second)
    found = shared_rows(*files)
    assert (found.rows, found.of, found.examples, found.share) == (2, 500, (3, 400), 0.004)
    assert shared_rows(files[0], files[0]).share == 1
    assert shared_rows(files[1], files[0]).examples == (7, 900)
    assert shared_rows(*files, columns=["city"]).rows == 500


def test_files_of_several_formats_are_compared_by_their_values(tmp_path: Path) -> None:
    table = columns(300)
    halves = [
        written(tmp_path / f"{at}.parquet", **{name: each[at : at + 150] for name, each in table.items()})[0]
        for at in (0, 150)
    ]
    assert shared_rows(halves, written(tmp_path / "all.csv", **table)).share == 1


def test_rows_that_differ_in_one_value_are_not_the_same(tmp_path: Path) -> None:
    first = {"id": [2**53, 2**53 + 1, 2**60], "text": ["a", "b", "c"]}
    for change in ({"id": [2**53 + 3, 2**53 + 5, 2**60 + 1]}, {"text": ["x", "y", "z"]}):
        other = written(tmp_path / "2.parquet", **(first | change))
        assert shared_rows(written(tmp_path / "1.parquet", **first), other).rows == 0
    swapped = written(tmp_path / "2.parquet", a=[1], b=[2])
    assert shared_rows(written(tmp_path / "1.parquet", a=[2], b=[1]), swapped).rows == 0


def test_numbers_are_the_same_in_any_type_and_missing_values_are_equal(tmp_path: Path) -> None:
    first = written(tmp_path / "1.parquet", number=pa.array([1, 2, None], pa.int32()), text=["x", None, "z"])
    second = written(tmp_path / "2.parquet", number=[1.0, 2.0, None], text=["x", None, "z"])
    assert shared_rows(first, second).rows == 3
    assert shared_rows(first, written(tmp_path / "3.parquet", number=[None, 2.5], text=["", "None"])).rows == 0


def test_tables_without_a_common_column_are_refused(tmp_path: Path) -> None:
    first, second = written(tmp_path / "1.parquet", a=[1]), written(tmp_path / "2.parquet", b=[1])
    for names in ([], ["a"]):
        with pytest.raises(
            UnusablePredictionsError, match="columns that both tables have; the first has a, the second b"
        ):
            shared_rows(first, second, names)
    with pytest.raises(UnusablePredictionsError, match=r"none\.parquet cannot be read"):
        shared_rows(first, [tmp_path / "none.parquet"])


def test_a_feature_that_gives_the_label_away_has_an_area_of_one() -> None:
    labels = RANDOM.random(1000) < 0.3
    assert single_feature_auc(labels, np.where(labels, RANDOM.random(1000), np.nan)).value == 1
    assert single_feature_auc(labels, -1.0 * labels).value == 1
    assert single_feature_auc(labels, RANDOM.random(1000)).low < 0.55


def test_categories_give_away_what_they_say_of_other_rows() -> None:
    labels = RANDOM.random(2000) < 0.3
    assert single_category_auc(labels, np.where(labels, "paid", "unpaid")).value == 1
    unique = single_category_auc(labels, np.arange(2000))
    assert unique.value == 0.5
    chance = single_category_auc(labels, RANDOM.integers(0, 100, 2000))
    assert chance.value == pytest.approx(0.5, abs=5 * chance.deviation)


def test_the_test_of_shares_is_that_of_scipy() -> None:
    first, second = [30, 50, 20, 0], [20, 60, 40, 0]
    expected = stats.chi2_contingency([first[:3], second[:3]], correction=False)
    found = homogeneity(first, second)
    assert (found.statistic, found.freedom, found.p_value) == pytest.approx((expected.statistic, 2, expected.pvalue))
    assert found.largest == pytest.approx(0.4 / 3)
    assert found.reliable
    assert not homogeneity([3, 1], [2, 2]).reliable


def test_samples_of_one_class_do_not_differ() -> None:
    assert homogeneity([10, 0], [20, 0]).p_value == 1
    with pytest.raises(UnusablePredictionsError, match="one of the samples has no rows"):
        homogeneity([0, 0], [1, 1])
    with pytest.raises(UnusablePredictionsError, match="a count for each of the same classes"):
        homogeneity([1], [1, 1])


def test_the_stability_index_is_its_formula() -> None:
    assert psi([50, 50], [50, 50]) == 0
    assert psi([50, 50], [30, 70]) == pytest.approx(-0.2 * np.log(0.6) + 0.2 * np.log(1.4))
    assert psi([50, 50], [100, 0]) > 3
    base = RANDOM.normal(size=5000)
    assert psi_of_values(base, RANDOM.normal(size=5000)) < 0.02
    assert psi_of_values(base, base + 1) > 0.5


def test_a_feature_may_hold_infinite_values() -> None:
    labels = np.arange(60) % 2
    values = np.where(labels, np.inf, np.where(np.arange(60) == 4, -np.inf, 1.0))
    assert single_feature_auc(labels, values).value == 1
    assert single_feature_auc(labels, np.where(labels, np.nan, values)).value == 1
