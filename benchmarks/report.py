"""Benchmark results for people and machines, with the machine they were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Results = dict[str, dict[str, float]]
"""By server, then by measure."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
LESS_IS_BETTER = ("MiB", "ms", "s")


def machine(packages: Sequence[str] = ("modelyard", "ministack", "moto", "botocore")) -> dict[str, str]:
    """What results depend on besides the code."""
    processors = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in processors if line.startswith("model name")), "unknown")
    memory = Path("/proc/meminfo").read_text().splitlines()[0].split()[1]
    return {
        "processor": f"{len(os.sched_getaffinity(0))} x {model}",
        "memory": f"{int(memory) // (1 << 20)} GiB",
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in packages),
        "measured": datetime.now(UTC).date().isoformat(),
    }


def best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The best of several rounds: other work on the machine only ever makes a server look slower."""
    return {measure: (min if less_is_better(measure) else max)(one[measure] for one in rounds) for measure in rounds[0]}


def less_is_better(measure: str) -> bool:
    """Whether a measure is a cost rather than a rate; its unit says so."""
    unit = measure.rpartition(", ")[2]
    return unit in LESS_IS_BETTER or unit.startswith("server's processor")


def table(results: Results) -> str:
    """Markdown: one row for each measure, and by which factor the first server is better."""
    ours, theirs = results
    rows = [
        f"| {measure} | {_number(value)} | {_number(results[theirs][measure])} |"
        f" {_times_better(measure, value, results[theirs][measure])} |"
        for measure, value in results[ours].items()
    ]
    return "\n".join([f"| measure | {ours} | {theirs} | times better |", "| --- | ---: | ---: | ---: |", *rows])


def listed(facts: Mapping[str, str]) -> str:
    """Markdown: what results depend on."""
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def write_section(name: str, text: str) -> None:
    """Replace what the page says between the marks of a section; ValueError where it has no such marks."""
    page = PAGE.read_text("utf-8")
    before, opening, rest = page.partition(f"<!-- {name} -->\n")
    _, closing, after = rest.partition(f"<!-- end of {name} -->\n")
    if not closing:
        raise ValueError(f"{PAGE.name} has no section {name}")
    PAGE.write_text(f"{before}{opening}\n{text}\n\n{closing}{after}", "utf-8")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times_better(measure: str, ours: float, theirs: float) -> str:
    return f"{theirs / ours if less_is_better(measure) else ours / theirs:.2f}"
