"""A test that needs what this machine lacks is left out with the reason, and never silently in CI."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.sources import ROOT
from tests.tools import TOOLS, Tool, install, leave_out, missing, require

if TYPE_CHECKING:
    from pathlib import Path

ABSENT = Tool(program="surely-absent", package="surely-absent-package")


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no program at all; the folder is its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_missing_tool_skips_with_the_package_to_install(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"shellcheck is not installed .*apt-get install shellcheck"):
        require("shellcheck")


def test_missing_tool_fails_in_ci(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="shellcheck is not installed"):
        require("shellcheck")


def test_present_tool_is_answered(empty_path: Path) -> None:
    program(empty_path, "shellcheck", "exit 0")
    assert require("shellcheck") == empty_path / "shellcheck"


def test_reason_reaches_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^no data$"):
        leave_out("no data")


def test_only_absent_tools_are_missing(empty_path: Path) -> None:
    for tool in TOOLS:
        program(empty_path, tool.program, "exit 0")
    assert missing([*TOOLS, ABSENT]) == [ABSENT]


def test_packages_are_installed_in_one_call(empty_path: Path) -> None:
    program(empty_path, "apt-get", f'echo "$*" >>{empty_path}/calls')
    install([ABSENT])
    update, packages = (empty_path / "calls").read_text().splitlines()
    assert update.endswith(" update")
    assert packages.endswith(" install --no-install-recommends surely-absent-package")


def test_failed_installation_is_reported_and_ends_nothing(empty_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(empty_path, "apt-get", "exit 100")
    install([ABSENT])
    assert "tests that need surely-absent-package cannot run" in capsys.readouterr().err


def test_tests_see_no_aws_configuration() -> None:
    probe = "import os; print(sorted(name for name in os.environ if name.startswith('AWS_')))"
    run = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "['AWS_EC2_METADATA_DISABLED']\n"
