"""The command line starts fast: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sources import ROOT

HEAVY = {
    "boto3", "botocore", "sagemaker", "moto", "ministack", "pandas", "numpy", "sklearn", "pydantic", "rich", "ruamel",
    "aiohttp", "asyncio", "cryptography", "uvicorn",
}  # fmt: skip


def imported(*command: str) -> set[str]:
    """The top-level packages that a Python command imports."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [line.rsplit("|", 1)[1].strip() for line in run.stderr.splitlines() if line.startswith("import time:")]
    return {name.partition(".")[0] for name in names}


def test_help_imports_nothing_heavy() -> None:
    packages = imported("-m", "agent.cli", "--help")
    assert "argparse" in packages
    assert packages & HEAVY == set()


def test_the_installed_command_answers_help() -> None:
    modelyard = Path(sys.executable).parent / "modelyard"
    run = subprocess.run([modelyard, "--help"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("usage: modelyard")
