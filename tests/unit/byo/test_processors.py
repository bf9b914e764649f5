"""A container with a share of the machine counts its share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from byo import processors

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "count"), [("50000 100000", 1), ("100000 100000", 1), ("max 100000", ALLOWED), ("nonsense", ALLOWED)]
)
def test_a_quota_of_cgroup_v2(tmp_path: Path, quota: str, count: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert processors.available(tmp_path) == count


@pytest.mark.parametrize(("quota", "count"), [("-1", ALLOWED), ("25000", 1), ("100000000", ALLOWED)])
def test_a_quota_of_cgroup_v1(tmp_path: Path, quota: str, count: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert processors.available(tmp_path) == count


def test_a_part_of_a_processor_counts_as_one(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("110000 100000\n")
    assert processors.available(tmp_path) == min(2, ALLOWED)


def test_without_a_control_group_it_is_what_the_process_may_use(tmp_path: Path) -> None:
    assert processors.available(tmp_path) == ALLOWED


def test_threads_that_are_set_stay() -> None:
    environment = processors.thread_environment(2, {"OMP_NUM_THREADS": "5"})
    assert "OMP_NUM_THREADS" not in environment
    assert environment["OPENBLAS_NUM_THREADS"] == "2"
