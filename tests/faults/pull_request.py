"""A pull request's way: whatever gates ask for besides metrics, and an endpoint of its own until its time is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.world import BY_TRANSFORM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.forge import Ended
    from tests.faults.scene import Scene

_ENDPOINT = "\npull_requests:\n  endpoint: {environment: qa, time_to_live: 4h}\n"
_CHECKS = """\
def accurate(evaluation, folder):
    value = evaluation["multiclass_classification_metrics"]["accuracy"]["value"]
    return {"passed": value > 0.5, "value": value, "reason": f"{value} is not worse than guessing"}
"""
_PREDICTIONS = """
import duckdb

rows = "SELECT range AS row_id, range % 2 AS label, (range % 2 + range % 3) / 3.0 AS score FROM range(300)"
duckdb.sql(rows).write_parquet(str(PROCESSING / "output/predictions.parquet"))
"""
_GATES = {
    "accurate": {"kind": "threshold", "metric": "accuracy", "min": 0.8},
    "calibrated": {"kind": "calibration", "max_ece": 1.0},
    "no-holes": {"kind": "vulnerabilities"},
    "sound": {"kind": "data-schema", "data": "training", "columns": {"column0": {"type": "integer"}}},
    "stands": {
        "kind": "robustness",
        "metric": "accuracy",
        "max_drop": 1.0,
        "perturbations": {"later": {"kind": "shift", "columns": ["column1"], "deviations": 2}},
    },
    "small": {"kind": "model-size", "most_mb": 1},
    "ours": {"kind": "custom", "entry_point": "checks:accurate"},
}
"""One for each stage that only gates ask for."""
_JUDGING = ("evaluate", "audit_image", "check_data", "weigh_model", "perturb", "examine", "ask_gates")
"""Stages that run side by side, one after the other: so it is known which one a write is of."""
BUILD = ("run", "--pr", "7")
_JUDGED = (
    "--set", f"gates={json.dumps(_GATES)}",
    "--set", "evaluation.predictions={task: binary}",
)  # fmt: skip
_EVALUATED = (
    "--set", "environments.qa.checks.evaluation={data: rows, metrics: {auc: {min: 0.5}}}",
)  # fmt: skip
"""Its endpoint is asked the rows, and what it answers is measured."""
CLEAN = ("clean", "--remove", "--expired-only")
AFTER_ITS_TIME = 5
"""When an endpoint of four hours is over, in hours."""


def with_pull_requests(source: Path) -> None:
    """Let the repository have endpoints of pull requests, a gate of its own, and predictions beside its metrics."""
    for name, more in {"modelyard.yaml": _ENDPOINT, "evaluate.py": _PREDICTIONS, "checks.py": _CHECKS}.items():
        file = source / name
        file.write_text(f"{file.read_text() if file.exists() else ''}{more}")


def scanned_on_request(scene: Scene) -> None:
    """Nothing is known against the images, and nobody scans them unasked."""
    scene.world.cloud.advise("steered")
    scene.client("ecr").put_image_scanning_configuration(
        repositoryName="steered", imageScanningConfiguration={"scanOnPush": False}
    )


def on_machine(memory: int) -> tuple[str, ...]:
    """What lets the endpoint have so much memory, in MB."""
    return ("--set", f"environments.qa.endpoint.serverless.memory_mb={memory}")


def shown_and_removed(command: Callable[..., Ended], model: str) -> None:
    """A trained model is judged by all gates, answers rows by itself, and is shown, once more on another machine, until
    its time is over.
    """
    trained = ("--set", f"training.hyperparameters.model={model}")
    build = (*BUILD, *_JUDGED, *_EVALUATED, *trained)
    for stage in _JUDGING:
        command(*build, "--from", stage, "--until", stage)
    command(*BUILD, *trained, *BY_TRANSFORM, "--from", "evaluate", "--until", "evaluate")
    command(*build, "--from", "gate")
    command(*build, *on_machine(2048), "--from", "preview")
    command(*CLEAN, hours=AFTER_ITS_TIME)
