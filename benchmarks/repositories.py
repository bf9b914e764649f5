"""``python -m benchmarks.repositories``: many model repositories, one cloud: what one more of them costs."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from agent.cloud.embedded import EmbeddedCloud
from agent.demo.repository import Repository
from benchmarks.contenders import memory_mib
from benchmarks.report import PAGE, write_section
from tests.e2e.world import settled

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "iris-byo"
_GROUPS = 5


@dataclass(frozen=True, kw_only=True)
class Passed:
    """One repository: seconds to bootstrap its accounts, to run from nothing, to run unchanged; memory after that."""

    bootstrap: float
    first: float
    unchanged: float
    server_mib: float


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.repositories", description=__doc__)
    arguments.add_argument("--repositories", type=int, default=10, help="how many (10; the table is of 50)")
    arguments.add_argument("--at-once", type=int, default=2, help="how many of them work at the same time (2)")
    arguments.add_argument("--write", action="store_true", help=f"rewrite the section of {PAGE.name}")
    chosen = arguments.parse_args()
    with EmbeddedCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with ThreadPoolExecutor(chosen.at_once) as pool:
            passed = list(pool.map(lambda number: one(cloud, Path(folder), number), range(chosen.repositories)))
        seconds = time.perf_counter() - started
        throttled = sum(call.status in {429, 503} for call in cloud.calls())
    said = f"{len(passed)} repositories, {chosen.at_once} at once, {seconds:.0f} s; {throttled} calls throttled."
    print(table(passed), said, sep="\n\n")
    if chosen.write:
        write_section("repositories", f"{table(passed)}\n\n{said}")


def one(cloud: EmbeddedCloud, folder: Path, number: int) -> Passed:
    """Bootstrap a repository of its own project, and run its pipeline twice; raises where a run does not succeed."""
    repository = small_repository(folder / f"m{number}", f"m{number:02}")
    begun = time.perf_counter()
    world = settled(cloud, repository)
    bootstrapped = time.perf_counter()
    world.run()
    first = time.perf_counter()
    world.run()
    unchanged = time.perf_counter()
    measured = Passed(
        bootstrap=bootstrapped - begun,
        first=first - bootstrapped,
        unchanged=unchanged - first,
        server_mib=memory_mib(cloud.running.pid),
    )
    print(json.dumps({"repository": number, **vars(measured)}), flush=True)
    shutil.rmtree(folder / f"m{number}")
    return measured


def small_repository(folder: Path, project: str) -> Repository:
    """The iris example as another project, with roles and endpoints of its own."""
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", ".modelyard"))
    file = source / "modelyard.yaml"
    text = file.read_text().replace("project: iris", f"project: {project}").replace("role/iris-", f"role/{project}-")
    for environment in ("qa", "prod"):
        text = text.replace(f": iris-{environment}", f": {project}-{environment}")
    file.write_text(text)
    return Repository(source, folder / project, os.environ)


def table(passed: Sequence[Passed]) -> str:
    """Markdown: a row for every tenth or so of the repositories, in the order in which they came."""
    size = max(len(passed) // _GROUPS, 1)
    groups = [passed[start : start + size] for start in range(0, len(passed), size)]
    rows = [
        f"| {1 + index * size} to {index * size + len(group)} | {median(each.bootstrap for each in group):.1f} |"
        f" {median(each.first for each in group):.1f} | {median(each.unchanged for each in group):.2f} |"
        f" {group[-1].server_mib:.0f} |"
        for index, group in enumerate(groups)
    ]
    head = "| repositories | bootstrap, s | first run, s | unchanged run, s | server's memory after, MiB |"
    return "\n".join([head, "| ---: | ---: | ---: | ---: | ---: |", *rows])


if __name__ == "__main__":
    main()
