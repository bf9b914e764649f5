"""`modelyard step`: `--uses` is answered before any identity is there; what a visit began is in order at its end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.cli import main
from agent.clock import SystemClock
from agent.commands.step import answer
from agent.composition import Opened
from agent.errors import ExitCode, InterruptedRunError
from agent.step import Step
from agent.visit import ComeAgain, Visit
from tests.sources import ROOT
from tests.unit.pipeline.surroundings import context_in
from tests.unit.pipeline.toys import ToyInputs, ToyResult

if TYPE_CHECKING:
    from pathlib import Path

    from agent.context import Context


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


def test_a_signal_that_comes_when_the_visit_is_over_still_puts_things_in_order(tmp_path: Path) -> None:
    nobody: Any = None
    clock, left = SystemClock(), []

    def run(inputs: ToyInputs, context: Context) -> ToyResult:
        clock.interrupt("SIGTERM")
        raise ComeAgain(10, "it works")

    run.__module__ = "toys.toy"
    step = Step(
        inputs=ToyInputs,
        result=ToyResult,
        run=run,
        plan=lambda *_: (),
        leave=lambda inputs, _: left.append(inputs),
        account="tools",
        effect="write",
    )
    context = replace(context_in(tmp_path), clock=clock, visit=Visit(budget=0))
    opened = Opened(configuration=nobody, folder=tmp_path, commit=nobody, context=context, clock=clock)
    with pytest.raises(InterruptedRunError, match="SIGTERM"):
        answer(step, ToyInputs(word="good"), opened)
    assert left == [ToyInputs(word="good")]
