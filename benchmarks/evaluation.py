"""``python -m benchmarks.evaluation``: the statistics of an evaluation beside scikit-learn's, in one run."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.statistics.binary import binary_report
from agent.statistics.delong import auc_interval, compare_auc
from agent.statistics.tally import tally
from benchmarks import scikit
from benchmarks.report import PAGE, listed, machine, write_section

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]

RESAMPLES = 1000
"""As many as the bootstrap has that DeLong's interval stands beside."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Seconds of both for the same answer, and how it was measured."""

    measure: str
    ours: float
    theirs: float
    note: str


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.evaluation", description=__doc__)
    arguments.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000], help="predictions")
    arguments.add_argument("--rounds", type=int, default=3, help="how often both take turns (3)")
    arguments.add_argument("--resampled", type=float, default=1e8, help="rows that scikit-learn may resample (1e8)")
    arguments.add_argument("--write", action="store_true", help=f"rewrite the section of {PAGE.name}")
    chosen = arguments.parse_args()
    found = [each for rows in chosen.rows for each in beside(rows, chosen.rounds, chosen.resampled)]
    memory = {rows: memory_mib(rows) for rows in chosen.rows}
    facts = machine(("numpy", "duckdb", "scikit-learn"))
    text = "\n\n".join([table(found), table_of_memory(memory), listed(facts)])
    print(text)
    print(json.dumps({"machine": facts, "memory": memory, "beside": [vars(each) for each in found]}, indent=2))
    if chosen.write:
        write_section("evaluation", text)


def predictions(rows: int) -> Rows:
    """Labels, of which a fifth is 1, and the probabilities of two models that are alike."""
    random = np.random.default_rng(rows)
    labels = (random.random(rows) < 0.2).astype(np.int8)
    shared = random.normal(size=rows) + 1.2 * labels - 1.8
    models = [1 / (1 + np.exp(-(shared + random.normal(scale=0.3, size=rows)))) for _ in range(2)]
    return labels, models[0], models[1]


def beside(rows: int, rounds: int, resampled: float) -> list[Beside]:
    """Everything that is compared for so many rows."""
    labels, scores, others = predictions(rows)
    resamples = min(RESAMPLES, max(3, int(resampled / rows)))
    ours, theirs = turns(lambda: binary_report(tally(labels, scores)), lambda: scikit.report(labels, scores), rounds)
    once = seconds(lambda: auc_interval(tally(labels, scores)))
    start = time.perf_counter()
    ends = scikit.bootstrap(labels, scores, resamples)
    each = (time.perf_counter() - start) / resamples
    exact = auc_interval(tally(labels, scores))
    apart = max(abs(exact.low - ends[0]), abs(exact.high - ends[1]))
    paired = seconds(lambda: compare_auc(labels, scores, others))
    measured = (
        "all of them run"
        if resamples == RESAMPLES
        else f"{resamples} resamples run, the time of {RESAMPLES:,} by theirs"
    )
    return [
        Beside(
            measure=f"{rows:,} rows: all of a binary report", ours=ours, theirs=theirs, note="ours has intervals, too"
        ),
        Beside(
            measure=f"{rows:,} rows: interval of the AUC", ours=once, theirs=each * RESAMPLES,
            note=f"{measured}; ends {apart:.1e} apart",
        ),
        Beside(
            measure=f"{rows:,} rows: paired interval of two AUCs", ours=paired, theirs=2 * each * RESAMPLES,
            note="two areas a resample, at the time of one above",
        ),
    ]  # fmt: skip


def turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The best of several rounds, in which both take turns."""
    taken = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return min(each[0] for each in taken), min(each[1] for each in taken)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def memory_mib(rows: int) -> tuple[float, float]:
    """The most memory that a process of its own takes to report on so many predictions, and another to compare them.

    The champion's are in another order, so that rows have to be found.
    """
    labels, *models = predictions(rows)
    with tempfile.TemporaryDirectory() as folder:
        candidate, champion = Path(folder) / "candidate.parquet", Path(folder) / "champion.parquet"
        scikit.write(candidate, labels, models[0], np.arange(rows))
        other = np.random.default_rng(0).permutation(rows)
        scikit.write(champion, labels[other], models[1][other], other)
        return most_memory(candidate), most_memory(candidate, champion)


def most_memory(*files: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.evaluation_memory", *map(str, files)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def table(found: list[Beside]) -> str:
    """Markdown: a row for each measure."""
    rows = [
        f"| {each.measure} | {each.ours:.3g} | {each.theirs:.3g} | {each.theirs / each.ours:,.0f} | {each.note} |"
        for each in found
    ]
    head = ["| measure | modelyard, s | scikit-learn, s | times faster | note |", "| --- | ---: | ---: | ---: | --- |"]
    return "\n".join([*head, *rows])


def table_of_memory(memory: dict[int, tuple[float, float]]) -> str:
    """Markdown: a row for each number of rows."""
    rows = [f"| {rows:,} | {report:,.0f} | {compared:,.0f} |" for rows, (report, compared) in memory.items()]
    head = "| rows read from Parquet | most memory to report on them, MiB | to compare them with a champion's, MiB |"
    return "\n".join([head, "| ---: | ---: | ---: |", *rows])


if __name__ == "__main__":
    main()
