"""The command that CONTRIBUTING shows as an example is one that modelyard would run."""

from __future__ import annotations

import argparse
import io
import re
from importlib.metadata import version
from types import ModuleType

from agent.command import Command
from agent.console import Console
from tests.sources import ROOT


def example() -> Command:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    module = ModuleType("example")
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)
    command = module.COMMAND
    assert isinstance(command, Command)
    return command


def test_example_command_answers() -> None:
    command = example()
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    machines = io.StringIO()
    assert command.run(parser.parse_args(["--bare"]), Console(machines=machines)) == 0
    assert machines.getvalue() == f"{version('modelyard')}\n"
