"""``python -m benchmarks``: the embedded cloud beside moto, and commands beside their peers, on the same machine."""

from __future__ import annotations

import argparse
import json

from benchmarks import commands
from benchmarks.contenders import CONTENDERS
from benchmarks.measures import Measured, one_round, start_up
from benchmarks.report import PAGE, Results, best, listed, machine, table, write_section

START_UP = "start to the first answered call, s"


def measure(rounds: int) -> Results:
    """The best of several rounds, in which the servers take turns."""
    results: dict[str, list[Measured]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, serving in CONTENDERS.items():
            with serving(True) as server:
                results[name].append({START_UP: start_up(serving, 3), **one_round(server)})
    return {name: best(measured) for name, measured in results.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    arguments.add_argument("--only-print", action="store_true", help=f"leave {PAGE.name} as it is")
    chosen = arguments.parse_args()
    results, facts = measure(chosen.rounds), machine()
    print(table(results))
    print(json.dumps({"machine": facts, "results": results}, indent=2, ensure_ascii=False))
    if not chosen.only_print:
        write_section("servers", f"{table(results)}\n\n{listed(facts)}")
    commands.show(5 * chosen.rounds, {}, write=not chosen.only_print)


if __name__ == "__main__":
    main()
