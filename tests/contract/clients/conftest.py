"""The aws-cli as a user has it: a program with an environment, whose output is JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.embedded import EmbeddedCloud

PROGRAM = Path(sys.executable).with_name("aws")


@dataclass(frozen=True, kw_only=True)
class Cli:
    """Runs ``aws`` with the environment of `modelyard cloud env`."""

    environment: Mapping[str, str]
    folder: Path

    def __call__(self, *words: str) -> Any:
        """What a command that must succeed printed, parsed where it is JSON."""
        said = self.text(*words)
        try:
            return json.loads(said)
        except ValueError:
            return said

    def text(self, *words: str) -> str:
        """What a command that must succeed printed."""
        done = self.run(*words)
        assert done.returncode == 0, f"aws {' '.join(words)}\n{done.stderr}"
        return done.stdout.rstrip("\n")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A finished command."""
        return subprocess.run(
            [sys.executable, PROGRAM, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.fixture
def aws(session_cloud: EmbeddedCloud | None, tmp_path: Path) -> Cli:
    """The aws-cli of the tools account's administrator, working in an empty folder."""
    ours = session_cloud.environment() if session_cloud else {}
    return Cli(environment={**os.environ, **ours, "AWS_PAGER": ""}, folder=tmp_path)
