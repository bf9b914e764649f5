"""The step and the command that CONTRIBUTING shows as examples are such that modelyard would run them."""

from __future__ import annotations

import argparse
import io
import re
import sys
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any

from agent.artifacts import DataSet
from agent.command import Command
from agent.console import Console
from agent.runner import run_step
from agent.step import Step
from tests.sources import ROOT
from tests.unit.pipeline.surroundings import context_in

if TYPE_CHECKING:
    from pathlib import Path


def example(name: str) -> Any:
    """What the example that declares ``name`` declares under it."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (code,) = (
        code for code in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if f"\n{name} = " in code
    )
    module = ModuleType("count")
    sys.modules[module.__name__] = module  # where pydantic looks for the types that annotations name
    try:
        exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module.__dict__[name]


def test_example_step_answers(tmp_path: Path) -> None:
    step = example("STEP")
    assert isinstance(step, Step)
    data = DataSet(name="flowers", digest="0" * 64, manifest="s3://bucket/m.manifest", files=2, size=10)
    outcome = run_step(step, step.inputs(data=data), context_in(tmp_path))
    assert (outcome.step, outcome.result.bytes_per_file) == ("count", 5)


def test_example_command_answers() -> None:
    command = example("COMMAND")
    assert isinstance(command, Command)
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    machines = io.StringIO()
    assert command.run(parser.parse_args(["--bare"]), Console(machines=machines)) == 0
    assert machines.getvalue() == f"{version('modelyard')}\n"
