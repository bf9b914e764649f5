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

    def run(self, *arguments: str) -> None:
        """One command; subprocess.CalledProcessError with its words where it fails."""
        subprocess.run(
            [self.program, *arguments], cwd=self.folder, env=dict(self.environment), check=True, capture_output=True
        )
