"""Processes share numbers without a lock: each has a row of its own, and /metrics adds them up."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest
from byo.board import Board, created, exposition

if TYPE_CHECKING:
    from byo.board import Place


def work(place: Place) -> None:
    Board(place).claim().add("rows", 5)


def test_each_process_has_a_row_which_another_takes_over_with_its_numbers() -> None:
    board = created(2)
    processes = multiprocessing.get_context("fork")
    for _ in range(3):
        process = processes.Process(target=work, args=(board.place,))
        process.start()
        process.join()
        assert process.exitcode == 0
    assert sum(row["rows"] for row in board.rows()) == 15


def test_there_are_no_more_owners_than_rows() -> None:
    board = created(1)
    processes = multiprocessing.get_context("fork")
    process = processes.Process(target=work, args=(board.place,))
    board.claim()
    process.start()
    process.join()
    assert process.exitcode == 1


def test_all_are_ready_when_each_is() -> None:
    board = created(2)
    board.row(0)["ready"] = 1
    assert not board.all_ready
    board.row(1)["ready"] = 1
    assert board.all_ready


def test_the_end_is_known_to_everybody() -> None:
    board = created(1)
    other = Board(board.place)
    assert not other.draining
    board.drain()
    assert other.draining


@pytest.mark.parametrize(("seconds", "bound"), [(0.0001, "0.0005"), (0.0005, "0.0005"), (0.3, "0.5"), (99, "+Inf")])
def test_a_request_is_in_the_bucket_of_its_time(seconds: float, bound: str) -> None:
    board = created(2)
    board.row(1).answered(200, seconds)
    lines = exposition(board.rows()).splitlines()
    buckets = [line for line in lines if line.startswith("byo_request_seconds_bucket") and line.endswith(" 1")]
    assert buckets[0] == f'byo_request_seconds_bucket{{le="{bound}"}} 1'
    assert f"byo_request_seconds_sum {seconds:.17g}" in lines


def test_every_metric_is_described_once() -> None:
    lines = exposition(created(1).rows()).splitlines()
    described = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(described) == len(set(described)) == len([line for line in lines if line.startswith("# HELP")])
    assert all(any(line.startswith(name) for line in lines) for name in described)
