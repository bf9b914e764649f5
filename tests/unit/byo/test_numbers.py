"""Both readers of lists of numbers read the same, and refuse the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from byo.numbers import quickest, with_orjson, with_simdjson
from hypothesis import given
from hypothesis import strategies as some

if TYPE_CHECKING:
    from collections.abc import Callable

    from byo.numbers import Numbers

READERS = [with_orjson, with_simdjson()]


@pytest.mark.parametrize("read", READERS)
@given(some.lists(some.one_of(some.floats(allow_nan=False, allow_infinity=False), some.integers(-(2**63), 2**63))))
def test_numbers_are_read_exactly(read: Callable[[bytes], Numbers | None], values: list[float]) -> None:
    found = read(f"[{','.join(map(repr, values))}]".encode())
    assert found is not None
    assert found.tolist() == [float(value) for value in values]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", [b"[1,", b"[true]", b"[null]", b'["1"]', b"{}", b"5", b"[1 2]", b"[1,]", b"\xff", b""])
def test_anything_else_is_not(read: Callable[[bytes], Numbers | None], text: bytes) -> None:
    assert read(text) is None
    again = read(b"[1]")
    assert again is not None
    assert again.tolist() == [1.0]


def test_there_is_a_quickest_one() -> None:
    found = quickest()(b"[1,2.5]")
    assert found is not None
    assert found.tolist() == [1, 2.5]
