"""Tables are held against their declaration row by row, as CSV and as Parquet, and compared with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from agent.statistics.arrays import UnusablePredictionsError
from agent.statistics.constraints import Constraint, Violation, examine
from agent.statistics.database import opened
from agent.statistics.duplicates import SharedRows, shared_rows
from agent.statistics.feature_leaks import best_features
from agent.statistics.labels import shift
from agent.statistics.shift import psi
from agent.statistics.tables import Table

if TYPE_CHECKING:
    from pathlib import Path

INTEGER, NUMBER = Constraint(type="integer"), Constraint(type="number")


def csv(folder: Path, *texts: str, header: bool = False) -> Table:
    files = tuple(folder / f"{number}.csv" for number in range(len(texts)))
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    return Table(files=files, header=header)


def parquet(folder: Path, query: str, name: str = "rows") -> Table:
    file = folder / f"{name}.parquet"
    duckdb.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
    return Table(files=(file,))


def folders(folder: Path) -> tuple[Path, Path]:
    for name in ("first", "second"):
        (folder / name).mkdir()
    return folder / "first", folder / "second"


def shared(known: Table, asked: Table) -> SharedRows:
    first, second = (table.as_parquet(table.files[0].parent) for table in (known, asked))
    return shared_rows(first.files, second.files)


def violations(table: Table, **declared: Constraint) -> list[Violation]:
    return list(examine(table, declared).violations)


def test_rows_that_are_as_declared_are_counted_and_nothing_is_found(tmp_path: Path) -> None:
    table = csv(tmp_path, "1,0.5,a\n0,1e3,b\n", "1,7,a\n")
    found = examine(table, {"label": INTEGER, "size": NUMBER, "site": Constraint(type="text", values=("a", "b"))})
    assert (found.rows, found.violations) == (3, ())


def test_columns_without_a_header_are_called_by_their_place_however_many_there_are(tmp_path: Path) -> None:
    table = csv(tmp_path, "".join(f"{','.join(map(str, range(row, row + 11)))},{row % 2}\n" for row in range(40)))
    names = [f"column{place}" for place in range(12)]
    with opened(table.files) as database:
        assert list(table.columns(database)) == list(table.columns(database, typed=False)) == names
    typed = table.as_parquet(tmp_path)
    assert {feature.name for feature in best_features(typed, "column11")} == {*names[:11]}


@pytest.mark.parametrize(
    ("constraint", "values", "expected"),
    [
        (INTEGER, ("1", "2.0", "3.5"), ("type", 2, 2, "2.0")),
        (INTEGER, ("1", "one", "3"), ("type", 1, 2, "one")),
        (NUMBER, ("1", "2", "NA"), ("type", 1, 3, "NA")),
        (Constraint(type="boolean"), ("true", "false", "maybe"), ("type", 1, 3, "maybe")),
        (Constraint(type="number", min=0), ("1", "-0.5", "-3"), ("min", 2, 2, "-0.5")),
        (Constraint(type="number", max=5), ("1", "5", "5.1"), ("max", 1, 3, "5.1")),
        (Constraint(type="integer", values=(0, 1)), ("1", "0", "2"), ("values", 1, 3, "2")),
        (Constraint(type="text", values=("yes", "it's", 3)), ("yes", "it's", "no"), ("values", 1, 3, "no")),
        (NUMBER, ("1", "", "2"), ("missing", 1, 2, "None")),
        (NUMBER, ("1", "2", "nan"), ("missing", 1, 3, "nan")),
    ],
)
def test_the_first_row_that_breaks_a_constraint_is_told_with_its_value(
    tmp_path: Path, constraint: Constraint, values: tuple[str, ...], expected: tuple[Any, ...]
) -> None:
    table = csv(tmp_path, "".join(f"x,{value}\n" for value in values))
    (found,) = violations(table, name=Constraint(type="text"), value=constraint)
    assert found.column == "value"
    assert (found.broken, found.rows, found.row, found.held) == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [("1,2\n1,2,3\n", 2), ("1e3\ninf\n-\n1,000\n", 4), ("a note\n1,2\n3,4\n", 3), ("1,2\n#3,4\n5,6\n", 3)],
    ids=["a column more", "a comma in a number", "a first line of another form", "what looks like a comment"],
)
def test_no_row_is_left_out_whatever_it_looks_like(tmp_path: Path, text: str, rows: int) -> None:
    found = examine(csv(tmp_path, text), {"first": INTEGER})
    assert found.rows == rows
    assert [one.broken for one in found.violations] == ["type"]


def test_a_few_missing_values_may_be_allowed(tmp_path: Path) -> None:
    table = csv(tmp_path, "1,2\n1,\n", "1,3\n1,4\n")
    assert violations(table, a=INTEGER, b=Constraint(type="number", missing=0.25)) == []
    (found,) = violations(table, a=INTEGER, b=Constraint(type="number", missing=0.24))
    assert (found.broken, found.rows, found.file, found.row) == ("missing", 1, 0, 2)


def test_the_file_of_the_first_row_is_told_and_rows_of_all_files_are_counted(tmp_path: Path) -> None:
    table = csv(tmp_path, "1\n2\n", "x\n4\n", "5\ny\n")
    (found,) = violations(table, a=INTEGER)
    assert (found.rows, found.file, found.row, found.held) == (2, 1, 1, "x")


def test_columns_that_are_not_there_or_not_declared_are_told(tmp_path: Path) -> None:
    table = csv(tmp_path, "age,size\n1,2\n", header=True)
    found = examine(table, {"age": INTEGER, "sex": Constraint(type="text")}, others=False)
    assert [(one.column, one.broken) for one in found.violations] == [("sex", "absent"), ("size", "undeclared")]
    assert found.violations[0].held == "age, size"


def test_a_parquet_file_is_judged_by_its_own_types(tmp_path: Path) -> None:
    rows = "SELECT 1 AS a, 'x' AS b, 1.5::DECIMAL(4, 1) AS c, 'NaN'::DOUBLE AS d UNION ALL SELECT 2, 'y', 9.5, 1"
    found = violations(
        parquet(tmp_path, rows),
        a=INTEGER,
        b=NUMBER,
        c=Constraint(type="number", max=9),
        d=NUMBER,
    )
    assert [(one.column, one.broken, one.rows, one.row) for one in found] == [
        ("b", "type", 2, 1), ("c", "max", 1, 2), ("d", "missing", 1, 1),
    ]  # fmt: skip


def test_what_is_no_table_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "0.parquet").write_text("no")
    with pytest.raises(UnusablePredictionsError, match=r"0\.parquet cannot be read"):
        examine(Table(files=(tmp_path / "0.parquet",)), {"a": INTEGER})


@pytest.mark.parametrize("header", [True, False])
def test_rows_are_shared_whatever_looks_like_a_header(tmp_path: Path, header: bool) -> None:
    first, second = folders(tmp_path)
    known, asked = csv(first, "id,x\n1,2\n3,4\n", header=header), csv(second, "id,x\n3,4.0\n5,6\n", header=header)
    assert shared(known, asked).examples == (0,)


def test_rows_are_shared_though_a_letter_could_be_a_truth_in_one_of_the_files(tmp_path: Path) -> None:
    first, second = folders(tmp_path)
    assert shared(csv(first, "1,f\n2,m\n"), csv(second, "1,f\n2,f\n")).examples == (0,)


def test_texts_become_a_table_with_the_types_of_all_rows_in_their_order(tmp_path: Path) -> None:
    text = "".join(f"{number},f\n" for number in range(30_000)) + "0.5,m\n"
    table = csv(tmp_path, "9,x\n", text).as_parquet(tmp_path)
    rows = duckdb.execute(f"SELECT * FROM {table.sql()}").fetchall()
    assert (len(rows), rows[0], rows[1], rows[-1]) == (30_002, (9.0, "x"), (0.0, "f"), (0.5, "m"))
    assert table.as_parquet(tmp_path) == table


def test_shares_of_classes_are_compared(tmp_path: Path) -> None:
    first, second = folders(tmp_path)
    before, after = csv(first, "no,1\n" * 90 + "yes,1\n" * 10), csv(second, "no,1\n" * 50 + "yes,1\n" * 50)
    found = shift(before, after)
    assert found.index == pytest.approx(psi([90, 10], [50, 50]))
    assert (found.rows, found.bin, found.shares) == ((100, 100), "no", (0.9, 0.5))


def test_a_class_is_the_same_however_its_number_is_stored(tmp_path: Path) -> None:
    before = csv(tmp_path, "1,x\n0,y\n,z\n")
    found = shift(before, parquet(tmp_path, "SELECT unnest([1.0::DOUBLE, 0, NULL]) AS label"), None)
    assert found.index == 0


def test_numbers_are_compared_in_bins_and_missing_ones_are_a_class(tmp_path: Path) -> None:
    numbers = "SELECT random() + {} AS label FROM range(4000)"
    same = shift(parquet(tmp_path, numbers.format(0), "a"), parquet(tmp_path, numbers.format(0), "b"))
    moved = shift(parquet(tmp_path, numbers.format(0), "a"), parquet(tmp_path, numbers.format(0.5), "c"))
    assert same.index < 0.05
    assert moved.index > 1
    holes = "SELECT CASE WHEN i % 2 = 0 THEN random() END AS label FROM range(4000) AS t(i)"
    assert shift(parquet(tmp_path, numbers.format(0), "a"), parquet(tmp_path, holes, "d")).bin == "no value"


def test_an_unknown_column_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    table = parquet(tmp_path, "SELECT 1 AS a, 2 AS b")
    with pytest.raises(UnusablePredictionsError, match="there is no column c; the columns are a, b"):
        shift(table, table, "c")


def test_features_are_ranked_by_what_each_alone_knows_of_the_label(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    truth = random.random(2000) < 0.3
    weak = random.normal(size=2000) + truth
    rows = "\n".join(
        f"{label:d},{value:.6f},{'abc'[int(label) + int(value > 2)]},{-int(label)}"
        for label, value in zip(truth, weak, strict=True)
    )
    found = best_features(csv(tmp_path, rows))
    assert [feature.name for feature in found] == ["column3", "column2", "column1"]
    assert found[0].auc.value == 1
    assert found[2].auc.value == pytest.approx(roc_auc_score(truth, np.round(weak, 6)))


@pytest.mark.parametrize("labels", ["0\n1\n2\n", "1\n1\n", "1\n0\n\n"])
def test_a_label_without_two_classes_has_no_such_rank(tmp_path: Path, labels: str) -> None:
    table = csv(tmp_path, "".join(f"{label},3\n" for label in labels.split("\n")[:-1]))
    with pytest.raises(UnusablePredictionsError, match="has not two classes"):
        best_features(table)
