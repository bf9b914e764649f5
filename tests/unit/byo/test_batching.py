"""Rows of several requests go through `predict` together, and each gets its own predictions back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest
from byo.batching import Batching

if TYPE_CHECKING:
    from byo.rows import Kind


class Doubling:
    """A model that keeps how many rows each call had, and refuses negative numbers."""

    def __init__(self) -> None:
        self.heights: list[int] = []

    async def __call__(self, rows: Any, height: int) -> Any:
        self.heights.append(height)
        values = np.asarray(rows)
        if (values < 0).any():
            raise ValueError("negative")
        return values[:, 0] * 2


def predicted(*parts: list[float], most: int = 100, wait: float = 0.02) -> tuple[list[Any], list[int]]:
    """The answers to requests that come at once, and the heights of the calls that were made."""
    model = Doubling()

    async def ask() -> list[Any]:
        batching = Batching(model, kind="numpy", most=most, wait=wait)
        rows = [np.array([[value] for value in part]) for part in parts]
        return await asyncio.gather(*(batching(one, len(one)) for one in rows), return_exceptions=True)

    answers = asyncio.run(ask())
    return [one if isinstance(one, Exception) else one.tolist() for one in answers], model.heights


def test_requests_of_one_moment_are_one_call() -> None:
    assert predicted([1], [2, 3], [4]) == ([[2], [4, 6], [8]], [4])


def test_a_full_batch_does_not_wait() -> None:
    assert predicted([1], [2], [3], most=2, wait=0.05) == ([[2], [4], [6]], [2, 1])


def test_a_request_larger_than_a_batch_goes_alone() -> None:
    assert predicted([1], [2, 3, 4], most=2) == ([[2], [4, 6, 8]], [1, 3])


def test_a_failure_is_its_senders_only() -> None:
    answers, heights = predicted([1], [-1], [2])
    assert answers[0] == [2]
    assert isinstance(answers[1], ValueError)
    assert answers[2] == [4]
    assert heights == [3, 1, 1, 1]


def test_rows_of_other_widths_are_predicted_apart() -> None:
    async def ask() -> list[Any]:
        batching = Batching(Doubling(), kind="numpy", most=100, wait=0.01)
        return list(await asyncio.gather(batching(np.array([[1.0]]), 1), batching(np.array([[2.0, 3.0]]), 1)))

    assert [one.tolist() for one in asyncio.run(ask())] == [[2], [4]]


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_are_joined(kind: str) -> None:
    make: Any = {"pandas": pd.DataFrame, "polars": pl.DataFrame}[kind]

    async def ask() -> list[Any]:
        batching = Batching(Doubling(), kind=cast("Kind", kind), most=100, wait=0.01)
        return list(await asyncio.gather(batching(make({"a": [1.0]}), 1), batching(make({"a": [2.0, 3.0]}), 2)))

    assert [one.tolist() for one in asyncio.run(ask())] == [[2], [4, 6]]


def test_nobody_waits_longer_than_said_for_others() -> None:
    async def ask() -> int:
        model = Doubling()
        batching = Batching(model, kind="numpy", most=100, wait=0.0)
        await batching(np.array([[1.0]]), 1)
        await batching(np.array([[1.0]]), 1)
        return len(model.heights)

    assert asyncio.run(ask()) == 2
