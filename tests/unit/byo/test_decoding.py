"""Bodies become rows, or a sentence that names the row and the column that is wrong."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from byo import decoding
from byo.refusals import Refused
from byo.rows import as_kind
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.byo.programs import NAMED, NUMPY, PANDAS, POLARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from byo.program import Program
    from byo.rows import Table


def numbers(table: Table) -> list[list[float]]:
    assert table.numbers is not None
    found: list[list[float]] = table.numbers.tolist()
    return found


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"1,2\n3,4\n", [[1, 2], [3, 4]]),
        (b"1,2", [[1, 2]]),
        (b"\n1,2\n\n", [[1, 2]]),
        (b"1.5,-2e3\r\n3,4\r\n", [[1.5, -2000], [3, 4]]),
        (b'"1","2"\n', [[1, 2]]),
        (b" 1 , +2 \n", [[1, 2]]),
        (b"\xef\xbb\xbf1,2\n", [[1, 2]]),
        (b"1e999,-1e999\n", [[float("inf"), float("-inf")]]),
        (b"18446744073709551616,1\n", [[18446744073709551616.0, 1]]),
        (b"7\n8\n", [[7], [8]]),
    ],
)
def test_rows_of_csv(body: bytes, rows: list[list[float]]) -> None:
    assert numbers(decoding.from_csv(body, NUMPY)) == rows


@pytest.mark.parametrize("cell", [b"", b"NA", b"nan", b"NaN", b"null"])
def test_a_missing_cell_is_nan(cell: bytes) -> None:
    table = decoding.from_csv(b"1," + cell + b"\n", NUMPY)
    assert np.isnan(numbers(table)[0][1])


@given(
    some.lists(
        some.lists(some.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=1, max_size=9
    )
)
def test_csv_of_any_numbers_is_read_exactly(rows: list[list[float]]) -> None:
    body = "".join(",".join(map(repr, row)) + "\n" for row in rows).encode()
    assert numbers(decoding.from_csv(body, NUMPY)) == rows


WRONG: list[tuple[Callable[[bytes, Program], Table], Program, bytes, str]] = [
    (decoding.from_csv, NUMPY, b"1,2\n3,x\n", "row 2, column 2: 'x' is not a number"),
    (decoding.from_csv, NAMED, b"1,2\n3,x\n", "row 2, column 2 (weight): 'x' is not a number"),
    (decoding.from_csv, NUMPY, b"1,2\n3\n", "row 2 has 1 values, not 2"),
    (decoding.from_csv, NUMPY, b"1,2\n3,4,5\n6\n", "row 2 has 3 values, not 2"),
    (decoding.from_csv, NAMED, b"1,2,3\n", "row 1 has 3 values, not 2"),
    (decoding.from_csv, NUMPY, b"1_000,2\n", "row 1, column 1: '1_000' is not a number"),
    (decoding.from_csv, NUMPY, b"[1,2],3\n", "row 1, column 1: '[1' is not a number"),
    (decoding.from_csv, NUMPY, b"true,1\n", "row 1, column 1: 'true' is not a number"),
    (decoding.from_csv, NUMPY, b"", "there are no rows"),
    (decoding.from_csv, NUMPY, b"\n\n", "there are no rows"),
    (decoding.from_csv, NUMPY, b"1,\xff\n", "the body is not UTF-8: invalid start byte at byte 2"),
    (decoding.from_csv, NUMPY, b'"1,2\n', "the body is not CSV: unexpected end of data"),
    (decoding.from_json, NUMPY, b"[[1,2],[3]]", "row 2 has 1 values, not 2"),
    (decoding.from_json, NUMPY, b'[[1,2],[3,"x"]]', "row 2, column 2: 'x' is not a number"),
    (decoding.from_json, NUMPY, b"[[1,[2]]]", "row 1, column 2 is no single value"),
    (decoding.from_json, NUMPY, b"[1,[2]]", "row 1 is no list of values"),
    (decoding.from_json, NUMPY, b"[[]]", "there are no rows"),
    (decoding.from_json, NUMPY, b"[]", "there are no rows"),
    (decoding.from_json, NUMPY, b"7", "the body must be a list of rows, or have one under `instances`"),
    (decoding.from_json, NAMED, b'[{"age":1}]', "row 1 has no 'weight'"),
    (decoding.from_json, NAMED, b'{"age":1,"weight":2,"x":3}', "row 1 has 'x', which the model does not know"),
    (decoding.from_json, NAMED, b'{"columns":["age","size"],"data":[[1,2]]}', "there is no column 'weight'"),
    (decoding.from_json, NAMED, b'{"columns":7,"data":[[1,2]]}', "`columns` must be a list of names"),
    (decoding.from_json_lines, NUMPY, b"[1,2]\n[3\n", "line 2 is not JSON"),
    (decoding.from_json_lines, NUMPY, b"", "there are no rows"),
    (decoding.from_npy, NUMPY, b"nothing", "the body is no array that numpy.save wrote"),
    (decoding.from_npy, NUMPY, saved(np.zeros((2, 2, 2))), "the array must be one of numbers, with 1 or 2 dimensions"),
    (decoding.from_npy, NUMPY, saved(np.array(["x"])), "the array must be one of numbers, with 1 or 2 dimensions"),
    (decoding.from_npy, NUMPY, saved(np.array([{}])), "the body is no array that numpy.save wrote"),
    (decoding.from_parquet, NUMPY, b"PAR1", "the body is not Parquet"),
    (decoding.from_parquet, NAMED, parquet(age=[1]), "there is no column 'weight'"),
    (decoding.from_parquet, NUMPY, parquet(a=["x"]), "row 1, column 1: 'x' is not a number"),
]


@pytest.mark.parametrize(("decode", "program", "body", "message"), WRONG)
def test_what_is_wrong_is_named(
    decode: Callable[[bytes, Program], Table], program: Program, body: bytes, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        decode(body, program)
    assert refused.value.status == 400
    assert refused.value.message.startswith(message)


def test_a_long_cell_is_not_repeated_whole() -> None:
    with pytest.raises(Refused) as refused:
        decoding.from_csv(b"1," + b"x" * 100_000, NUMPY)
    assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    "body",
    [
        b"[[1,2],[3,4]]",
        b'{"instances":[[1,2],[3,4]]}',
        b'{"inputs":[[1,2],[3,4]]}',
        b'{"columns":["age","weight"],"data":[[1,2],[3,4]]}',
        b'{"columns":["weight","age"],"data":[[2,1],[4,3]]}',
        b'[{"age":1,"weight":2},{"weight":4,"age":3}]',
        b'{"instances":[{"age":1,"weight":2},{"age":3,"weight":4}]}',
        b'[["1","2"],["3","4"]]',
        b"[[1.0,2],[3,4e0]]",
    ],
)
def test_rows_of_json(body: bytes) -> None:
    assert numbers(decoding.from_json(body, NAMED)) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("body", [b"[1,2]", b'{"age":1,"weight":2}', b'{"instances":[1,2]}'])
def test_one_row_of_json(body: bytes) -> None:
    assert numbers(decoding.from_json(body, NAMED)) == [[1, 2]]


def test_what_json_has_no_number_for() -> None:
    assert np.isnan(numbers(decoding.from_json(b"[[1,null]]", NUMPY))[0][1])
    assert numbers(decoding.from_json(b"[[true,false]]", NUMPY)) == [[1, 0]]


def test_rows_of_json_lines() -> None:
    body = b'[1,2]\n\n{"features":[3,4]}\r\n{"age":5,"weight":6}\n'
    with pytest.raises(Refused):  # lists and objects do not mix
        decoding.from_json_lines(body, NAMED)
    assert numbers(decoding.from_json_lines(body.splitlines()[0] + b"\n" + body.splitlines()[2], NAMED)) == [
        [1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize("dtype", ["f4", ">f8", "i2", "u1", "?"])
def test_rows_of_numpy(dtype: str) -> None:
    assert numbers(decoding.from_npy(saved(np.array([[1, 0], [0, 1]], dtype)), NUMPY)) == [[1, 0], [0, 1]]
    assert numbers(decoding.from_npy(saved(np.array([1, 0], dtype)), NUMPY)) == [[1, 0]]


def test_rows_of_parquet_are_in_the_models_order() -> None:
    body = parquet(weight=[2.0, 4.0], other=["x", "y"], age=[1, 3])
    assert numbers(decoding.from_parquet(body, NAMED)) == [[1, 2], [3, 4]]


def test_a_frame_of_pandas_has_text_and_numbers() -> None:
    frame = as_kind(decoding.from_csv(b'M,1.5,\n"F,x",2,3\n', PANDAS), "pandas")
    assert frame[0].tolist() == ["M", "F,x"]
    assert frame[1].tolist() == [1.5, 2.0]
    assert np.isnan(frame[2][0])


def test_a_frame_of_polars_has_the_models_names() -> None:
    frame = as_kind(decoding.from_csv(b"M,1.5\nF,2\n", POLARS), "polars")
    assert frame.to_dict(as_series=False) == {"sex": ["M", "F"], "length": [1.5, 2.0]}


def test_a_frame_of_numbers_only() -> None:
    assert as_kind(decoding.from_csv(b"1,2\n", NAMED), "pandas").to_dict("list") == {"age": [1.0], "weight": [2.0]}
    assert as_kind(decoding.from_csv(b"1,2\n", NUMPY), "polars").to_dict(as_series=False) == {
        "column_1": [1.0],
        "column_2": [2.0],
    }


@given(some.binary(max_size=200))
def test_any_bytes_are_rows_or_refused(body: bytes) -> None:
    decoders = (
        decoding.from_csv,
        decoding.from_json,
        decoding.from_json_lines,
        decoding.from_npy,
        decoding.from_parquet,
    )
    for decode in decoders:
        for program in (NUMPY, NAMED, PANDAS, POLARS):
            with contextlib.suppress(Refused):
                table = decode(body, program)
                assert len(as_kind(table, program.kind)) == table.height > 0
