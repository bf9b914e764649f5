"""The command line starts fast: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sources import ROOT

HEAVY = {
    "boto3", "botocore", "sagemaker", "moto", "ministack", "pandas", "numpy", "sklearn", "pydantic", "rich", "ruamel",
    "aiohttp", "asyncio", "cryptography", "uvicorn", "jinja2", "github", "gitlab", "atlassian", "requests", "duckdb",
}  # fmt: skip


def imported(*command: str, whole: bool = False) -> set[str]:
    """The top-level packages, or the modules by their whole names, that a Python command imports."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [line.rsplit("|", 1)[1].strip() for line in run.stderr.splitlines() if line.startswith("import time:")]
    return {name if whole else name.partition(".")[0] for name in names}


def test_help_imports_nothing_heavy() -> None:
    packages = imported("-m", "agent.cli", "--help")
    assert "argparse" in packages
    assert packages & HEAVY == set()


def test_help_imports_no_command() -> None:
    from agent.cli import command_files

    modules = imported("-m", "agent.cli", "--help", whole=True)
    assert not modules & {f"agent.commands.{name}" for name in command_files()}


def test_help_lists_every_command_with_what_it_is_for() -> None:
    from agent.cli import command_files, find_command, parser

    shown = " ".join(parser("").format_help().split())
    for name in command_files():
        command = find_command(name)
        assert command.name == name
        assert command.help
        assert f" {name} {command.help}" in shown


def test_the_help_of_a_command_imports_nothing_heavy() -> None:
    assert imported("-m", "agent.cli", "run", "--help") & HEAVY == set()
    assert imported("-m", "agent.cli", "publish", "--help") & HEAVY == set()


def test_the_installed_command_answers_help() -> None:
    modelyard = Path(sys.executable).parent / "modelyard"
    run = subprocess.run([modelyard, "--help"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("usage: modelyard")
