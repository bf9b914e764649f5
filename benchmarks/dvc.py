"""DVC as a contender: in an environment of its own, with the same cloud as its remote."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Dvc:
    """A repository of DVC in ``folder``, which tracks ``folder/data``."""

    program: Path
    folder: Path
    environment: Mapping[str, str]

    def start(self, bucket: str, endpoint: str) -> None:
        """Begin anew, with an empty cache and an empty remote below ``bucket``."""
        shutil.rmtree(self.folder / ".dvc", ignore_errors=True)
        (self.folder / "data.dvc").unlink(missing_ok=True)
        self.run("init", "--no-scm", "--quiet")
        self.run("config", "core.analytics", "false")
        self.run("remote", "add", "--default", "--quiet", "store", f"s3://{bucket}/dvc-{os.urandom(4).hex()}")
        self.run("remote", "modify", "store", "endpointurl", endpoint)

    def add(self) -> None:
        """Take in what is in the data set now."""
        self.run("add", "data")

    def push(self) -> None:
        """Upload what was taken in."""
        self.run("push")

    def add_and_push(self) -> None:
        """Both."""
        self.add()
        self.push()

    def status(self) -> None:
        """Only tell whether the data set is what was taken in."""
        self.run("status", "data.dvc")

    def run(self, *arguments: str) -> None:
        """One command; subprocess.CalledProcessError with its words where it fails."""
        environ = {name: value for name, value in self.environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run([self.program, *arguments], cwd=self.folder, env=environ, check=True, capture_output=True)
