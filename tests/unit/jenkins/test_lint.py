"""`modelyard jenkins lint`: the validator's words at places in the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.cli import main
from agent.errors import ExitCode
from agent.jenkins.linting import _faults

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("url")


def lint(folder: Path, text: str, *words: str) -> int:
    file = folder / "Jenkinsfile"
    file.write_text(text)
    return main(["jenkins", "lint", str(file), *words])


def test_a_valid_one_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(tmp_path, "pipeline {\n  agent none\n  stages { }\n}\n") == ExitCode.DONE
    assert capsys.readouterr().err == f"{tmp_path}/Jenkinsfile is valid.\n"


def test_faults_have_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "// one\npipeline {\n  stages {\n    when { x } steps { }\n  }\n}\n"
    assert lint(tmp_path, text) == ExitCode.USAGE
    assert capsys.readouterr().out.splitlines() == [
        f'{tmp_path}/Jenkinsfile:2:1: Missing required section "agent"',
        f"{tmp_path}/Jenkinsfile:4:5: Expected a step",
    ]
    assert lint(tmp_path, text, "--json") == ExitCode.USAGE
    assert json.loads(capsys.readouterr().out)["faults"][1] == {"line": 4, "column": 5, "message": "Expected a step"}


def test_two_lines_with_a_var_have_nothing_to_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(tmp_path, "@Library('modelyard') _\nmlPipeline()\n") == ExitCode.DONE
    assert "has no `pipeline { }` of its own" in capsys.readouterr().err


def test_no_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jenkins", "lint", str(tmp_path / "none")]) == ExitCode.INPUT_MISSING
    assert "No such file" in capsys.readouterr().err


def test_a_message_without_a_place_is_kept() -> None:
    (fault,) = _faults("\nNo such library resource could be found.\n")
    assert (fault.line, fault.message) == (0, "No such library resource could be found.")
