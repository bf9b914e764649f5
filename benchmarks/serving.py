"""``python -m benchmarks.serving``: the serving kit beside the classic container, with the same models and cores."""

from __future__ import annotations

import argparse
import json
import tempfile
import urllib.request
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from byo import graph
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier

from benchmarks.model_servers import Contender, Server, classic, kit, serving
from benchmarks.peers import installed
from benchmarks.report import PAGE, listed, machine, write_section
from benchmarks.wrk import load

if TYPE_CHECKING:
    from collections.abc import Iterable

CONNECTIONS = (1, 16, 64)
MANY = 1000
AT_ONCE = 4
"""Connections that send a thousand rows each time."""
SAME = {"scikit-learn", "xgboost-cpu", "numpy"}
CLASSIC, WHOLE, GRAPH = "classic", "kit", "kit, ONNX graph"
Measures = dict[str, float]


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    arguments.add_argument("--seconds", type=int, default=3, help="how long each load lasts (3)")
    arguments.add_argument("--write", action="store_true", help=f"rewrite the section of {PAGE.name}")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = {
            name: beside(model, Path(folder) / name, chosen.rounds, chosen.seconds) for name, model in models().items()
        }
    text = "\n\n".join(f"{name}:\n\n{table(measured)}" for name, measured in results.items())
    facts = machine(("granian", "numpy", "scikit-learn", "xgboost-cpu", "onnxruntime"))
    print(text)
    print(json.dumps({"machine": facts, "results": results}, indent=2))
    if chosen.write:
        write_section("serving", f"{text}\n\n{listed(facts)}")


def models() -> dict[str, Any]:
    """Fitted models of a hundred trees for thirty columns."""
    rows, labels = load_breast_cancer(return_X_y=True)
    return {
        "XGBoost, 100 trees": xgboost.XGBClassifier(n_estimators=100, max_depth=6, n_jobs=1).fit(rows, labels),
        "scikit-learn, 100 boosted trees": GradientBoostingClassifier(n_estimators=100, random_state=0).fit(
            rows, labels
        ),
    }


def beside(model: Any, base: Path, rounds: int, seconds: int) -> dict[str, Measures]:
    """The medians of each contender, which take turns with the same model and the same rows."""
    rows = load_breast_cancer().data
    print(graph.save(model, base / "model", rows, "predict_proba"))
    one, many = base / "one.csv", base / "many.csv"
    one.write_text(csv(rows[:1]))
    many.write_text(csv(np.resize(rows, (MANY, rows.shape[1]))))
    contenders = {CLASSIC: classic(classic_python()), WHOLE: kit("whole"), GRAPH: kit("graphed")}
    for contender in contenders.values():
        check(contender, base, many, model)
    taken: dict[str, list[Measures]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            with serving(contender, base) as server:
                taken[name].append(measured(server, one, many, seconds))
    return {
        name: {measure: median(each[measure] for each in all_) for measure in all_[0]} for name, all_ in taken.items()
    }


def classic_python() -> Path:
    """The Python of an environment with what the classic container has, and the same libraries of models."""
    versions = machine(sorted(SAME))["versions"].split(", ")
    same = [requirement.replace(" ", "==") for requirement in versions]
    return installed("gunicorn", "gunicorn", "flask", "pandas", *same).with_name("python")


def check(contender: Contender, base: Path, many: Path, model: Any) -> None:
    """Contenders that predict something else than the model are not compared."""
    rows = np.loadtxt(many, delimiter=",")
    with serving(contender, base) as server:
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/invocations", many.read_bytes())
        request.add_header("Content-Type", "text/csv")
        with urllib.request.urlopen(request) as answer:
            found = np.loadtxt(answer)
    np.testing.assert_allclose(found, model.predict_proba(rows)[:, 1], rtol=1e-4, atol=1e-5)


def measured(server: Server, one: Path, many: Path, seconds: int) -> Measures:
    """Everything of one start."""
    taken = {"until /ping is 200, s": server.start}
    load(server.port, one, connections=16, seconds=1)  # warms up
    for connections in CONNECTIONS:
        found = load(server.port, one, connections=connections, seconds=seconds)
        taken[f"one row, {connections} connections, requests/s"] = found.rate
        taken[f"one row, {connections} connections, p99, ms"] = found.p99
    found = load(server.port, many, connections=AT_ONCE, seconds=seconds)
    taken[f"{MANY} rows, {AT_ONCE} connections, requests/s"] = found.rate
    taken[f"{MANY} rows, {AT_ONCE} connections, p99, ms"] = found.p99
    return {**taken, "memory of all processes, MiB": server.memory_mib()}


def csv(rows: Any) -> str:
    """Rows as a client sends them."""
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())


def table(results: dict[str, Measures]) -> str:
    """Markdown: a row for each measure, and how many times better than the classic container the others are."""
    head = ["measure", CLASSIC, *(cell for name in (WHOLE, GRAPH) for cell in (name, "times better"))]
    return "\n".join(
        [_line(head), _line(["---", *["---:"] * (len(head) - 1)]), *(_row(name, results) for name in results[CLASSIC])]
    )


def _row(measure: str, results: dict[str, Measures]) -> str:
    base = results[CLASSIC][measure]
    cells = [measure, _number(base)]
    for name in (WHOLE, GRAPH):
        value = results[name][measure]
        cells += [_number(value), f"{value / base if measure.endswith('/s') else base / value:.1f}"]
    return _line(cells)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
