"""Runs the Maven project beside this file, whose classes and reports stay out of the repository."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parent


def run_tests(build: Path, environ: Mapping[str, str] | None = None, **properties: str) -> Path:
    """The folder of surefire's reports, whatever they say; with ``test`` only that class is run.

    ``build`` is for what Maven makes. A project that does not compile fails the running test with Maven's words.
    """
    given = {"build.folder": str(build), "python": sys.executable, **properties}
    words = [*(f"-D{name}={value}" for name, value in given.items()), "test"]
    reports = build / "surefire-reports"
    ended = _maven(["--offline", *words], environ)
    if not reports.is_dir():
        # Something must be downloaded first, which only one process may do at a time.
        with (Path(tempfile.gettempdir()) / "modelyard-maven.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ended = _maven(words, environ)
    if not reports.is_dir():
        pytest.fail(f"mvn test ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}", pytrace=False)
    return reports


def _maven(words: list[str], environ: Mapping[str, str] | None) -> subprocess.CompletedProcess[str]:
    command = ["mvn", "--batch-mode", "--quiet", "--no-transfer-progress", *words]
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)


def failures(report: Path) -> list[str]:
    """What failed in a report, each with surefire's text; what was left out and a report of nothing count too."""
    cases = list(ET.parse(report).getroot().iter("testcase"))
    problems = [(case, problem) for case in cases for problem in case if problem.tag in {"failure", "error", "skipped"}]
    return (
        [f"{case.get('name')}\n{problem.text or problem.tag}" for case, problem in problems] if cases else ["no tests"]
    )
