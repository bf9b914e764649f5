"""``python -m benchmarks.commands``: what one waits for at a prompt, beside the tools that one waits for otherwise."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from agent.cloud.embedded import EmbeddedCloud
from benchmarks.peers import NotInstallableError, installed
from benchmarks.report import PAGE, listed, machine, write_section
from tests.e2e.world import World, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

STEPS = 12
"""As many as the pipeline has stages."""
HELP = "`modelyard --help`"
UNCHANGED = "`modelyard run`, nothing changed since the last one"
GONE_THROUGH = "`modelyard run`, nothing changed, nothing remembered"

Contest = dict[str, "Callable[[], object]"]
Taken = tuple[float, float]
"""Seconds on the clock, and of processors."""
Results = dict[str, Taken]


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.commands", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="how often everything is measured (15)")
    arguments.add_argument("--dvc", type=Path, help="dvc to measure; without it, one is installed and kept")
    arguments.add_argument("--snakemake", type=Path, help="snakemake to measure; likewise")
    arguments.add_argument("--only-print", action="store_true", help=f"leave {PAGE.name} as it is")
    chosen = arguments.parse_args()
    show(chosen.rounds, {"dvc": chosen.dvc, "snakemake": chosen.snakemake}, write=not chosen.only_print)


def show(rounds: int, programs: Mapping[str, Path | None], *, write: bool) -> None:
    """Measure, print, and write the section of the page; ``programs`` are peers that are installed already."""
    helped, unchanged = measure(rounds, programs)
    facts = machine(("modelyard", "awscli"))
    tables = f"{table(helped, HELP)}\n\n{table(unchanged, UNCHANGED)}"
    print(tables)
    print(json.dumps({"machine": facts, "help": helped, "unchanged": unchanged}, indent=2))
    if write:
        write_section("commands", f"{tables}\n\n{listed(facts)}")


def measure(rounds: int, programs: Mapping[str, Path | None]) -> tuple[Results, Results]:
    """The seconds of the commands that show themselves, and of the runs that find nothing to do."""
    beside = Path(sys.executable).parent
    helped = medians(
        {HELP: commanded(beside / "modelyard", "--help"), "`aws --version`": commanded(beside / "aws", "--version")},
        rounds,
    )
    with EmbeddedCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        unchanged = medians(pipelines(settle(cloud, "tumour-byo", Path(folder)), Path(folder), programs), rounds)
    return helped, unchanged


def medians(contest: Contest, rounds: int) -> Results:
    """The medians of each, which take turns; the first round only warms up."""
    taken: dict[str, list[Taken]] = {name: [] for name in contest}
    for _ in range(rounds + 1):
        for name, run in contest.items():
            begun, used = time.perf_counter(), _processor_seconds()
            run()
            taken[name].append((time.perf_counter() - begun, _processor_seconds() - used))
    return {
        name: (median(wall for wall, _ in each[1:]), median(used for _, used in each[1:]))
        for name, each in taken.items()
    }


def _processor_seconds() -> float:
    """What all processes that were started here and have ended have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def commanded(
    *words: str | Path, folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> Callable[[], object]:
    """A command; subprocess.CalledProcessError where it fails."""
    kept = {name: value for name, value in (environ or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(words, cwd=folder, env=kept, check=True, capture_output=True)


def pipelines(world: World, folder: Path, programs: Mapping[str, Path | None]) -> Contest:
    """Pipelines of as many steps, each of which has been run: ours trains and deploys, the others' steps do nothing."""
    ours = commanded(sys.executable, "-m", "agent.cli", "run", folder=world.repository.folder, environ=world.environ)
    memory = world.repository.folder / ".modelyard" / "unchanged.json"

    def anew() -> None:
        memory.unlink(missing_ok=True)
        ours()

    world.run()
    time.sleep(2)  # files that were just written are looked at once more
    contest: Contest = {GONE_THROUGH: anew, UNCHANGED: ours}
    for name, (requirement, words, write) in PEERS.items():
        try:
            program = programs.get(name) or installed(name, requirement)
        except NotInstallableError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        place = folder / name
        place.mkdir()
        write(place, program)
        contest[f"`{name} {' '.join(words)}`"] = commanded(program, *words, folder=place)
        contest[f"`{name} {' '.join(words)}`"]()
    return contest


def write_dvc(folder: Path, program: Path) -> None:
    """Stages that copy a small file, one after the other."""
    commanded(program, "init", "--no-scm", "--quiet", folder=folder)()
    commanded(program, "config", "core.analytics", "false", folder=folder)()
    (folder / "0.txt").write_text("something\n")
    stages = {
        f"step{number}": {
            "cmd": f"cp {number - 1}.txt {number}.txt",
            "deps": [f"{number - 1}.txt"],
            "outs": [f"{number}.txt"],
        }
        for number in range(1, STEPS + 1)
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))


def write_snakemake(folder: Path, _program: Path) -> None:
    """Rules that copy a small file, one after the other."""
    (folder / "0.txt").write_text("something\n")
    rules = [
        f'rule step{number}:\n    input: "{number - 1}.txt"\n    output: "{number}.txt"\n'
        '    shell: "cp {input} {output}"'
        for number in range(1, STEPS + 1)
    ]
    (folder / "Snakefile").write_text("\n\n".join([f'rule all:\n    input: "{STEPS}.txt"', *rules]) + "\n")


PEERS: Mapping[str, tuple[str, Sequence[str], Callable[[Path, Path], None]]] = {
    "dvc": ("dvc[s3]", ("repro",), write_dvc),
    "snakemake": ("snakemake", ("--cores", "1"), write_snakemake),
}


def table(results: Results, ours: str) -> str:
    """Markdown: a row for each command, and how many times the time of ours it takes."""
    wall, used = results[ours]
    rows = [
        f"| {name} | {each_wall:.3f} | {each_wall / wall:.1f} | {each_used:.3f} | {each_used / used:.1f} |"
        for name, (each_wall, each_used) in results.items()
    ]
    head = "| command | s | times ours | processor s | times ours |"
    return "\n".join([head, "| --- | ---: | ---: | ---: | ---: |", *rows])


if __name__ == "__main__":
    main()
