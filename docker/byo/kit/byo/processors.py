"""How many processors a container may use: what Python counts are the machine's, of which it may get a share."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


def available(groups: Path = CONTROL_GROUPS) -> int:
    """The processors that this process may run on, no more than its control group's quota, rounded up."""
    allowed = len(os.sched_getaffinity(0))
    quota = _quota(groups)
    return allowed if quota is None else max(1, min(allowed, ceil(quota)))


def _quota(groups: Path) -> float | None:
    """The control group's processors (cgroup v2: `cpu.max`; v1: `cpu.cfs_quota_us`), or None for no limit."""
    unified = _words(groups / "cpu.max")
    divided = [*_words(groups / "cpu/cpu.cfs_quota_us"), *_words(groups / "cpu/cpu.cfs_period_us")]
    for words in (unified, divided):
        if len(words) == 2 and all(word.isdecimal() and int(word) for word in words):
            return int(words[0]) / int(words[1])
    return None


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []


def thread_environment(threads: int, given: dict[str, str]) -> dict[str, str]:
    """The variables by which numerical libraries learn how many threads to use, without those that are set."""
    return {name: str(threads) for name in _THREAD_VARIABLES if name not in given}
