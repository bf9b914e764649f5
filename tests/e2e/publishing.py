"""Publishes what a build came to, as the vars do when it is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.code_host import TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from agent.report.outcome import StageOutcome
    from tests.e2e.world import World

RUN = {"id": "jenkins-steered-PR-12-7", "who": "ada", "build_url": "https://jenkins.example/7/", "branch": "better"}


def request(outcomes: Sequence[Mapping[str, Any]], result: str, folder: Path, **changes: Any) -> str:
    document = {
        "contract": 1,
        "run": RUN,
        "result": result,
        "started": "1795770000000",
        "outcomes": outcomes,
        **changes,
    }
    file = folder / "publish.request.json"
    file.write_text(json.dumps(document))
    return str(file)


def publish(world: World, file: str, folder: Path, **environ: str) -> dict[str, Any]:
    out = folder / "out"
    said = world.modelyard("publish", "--request", file, "--out", str(out), exits=0, **environ)
    assert TOKEN not in said.stdout + said.stderr
    published: dict[str, Any] = json.loads((out / "published.json").read_text())
    return published


def documents(outcomes: Sequence[StageOutcome]) -> list[dict[str, Any]]:
    return [outcome.model_dump(mode="json") for outcome in outcomes]


def outcomes_of(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the stages of a run answered."""
    return [{**stage, "result": summary["results"].get(stage["stage"], {})} for stage in summary["stages"]]
