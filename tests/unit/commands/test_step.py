"""`modelyard step --uses`: what a step needs of the machine, asked before any identity is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.cli import main
from agent.errors import ExitCode
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A model repository whose main branch is built by the engine, and nothing else."""
    source = ROOT / "examples" / "iris-byo"
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = tmp_path / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    file = tmp_path / "modelyard.yaml"
    overrides = "\noverrides:\n  branches:\n    main:\n      image: {builder: engine}\n"
    file.write_text(file.read_text() + overrides)
    return file


def uses(step: str, configuration: Path, capsys: pytest.CaptureFixture[str], **run: object) -> list[str]:
    request = configuration.with_name("request.json")
    document = {"contract": 1, "step": step, "configuration": str(configuration), "run": run}
    request.write_text(json.dumps(document))
    assert main(["step", step, "--request", str(request), "--uses"]) == ExitCode.DONE
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("step", "branch", "used"),
    [("build_image", "main", ["engine"]), ("build_image", "better", []), ("train", "main", [])],
)
def test_only_a_build_with_the_engine_uses_it(
    configuration: Path, capsys: pytest.CaptureFixture[str], step: str, branch: str, used: list[str]
) -> None:
    assert uses(step, configuration, capsys, branch=branch) == used


def test_an_earlier_result_is_not_lost_by_asking(
    configuration: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    result = tmp_path / "result.json"
    result.write_text("earlier")
    assert main(["step", "train", "--result", str(result), "--uses"]) == ExitCode.USAGE
    assert result.read_text() == "earlier"
