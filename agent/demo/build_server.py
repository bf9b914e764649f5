"""The build server of the demo: it holds one access key, may only assume roles, and types commands."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import ExitCode, ModelyardError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.bootstrap.access_key import AccessKey
    from agent.cloud.embedded import EmbeddedCloud
    from agent.console import Console


class CommandFailedError(ModelyardError):
    """A command of the demo ended with another exit code than 0, which becomes the demo's own."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"`{command}` ended with exit code {code}")
        self.exit_code = ExitCode(code) if code in set(ExitCode) else ExitCode.BUG


@dataclass(frozen=True, kw_only=True)
class BuildServer:
    """Runs `modelyard` in a model repository, with ``environ`` and nothing of this shell's AWS configuration."""

    folder: Path
    environ: Mapping[str, str]
    console: Console

    def run(self, *words: str) -> None:
        """Type a command and let it show what it does; raises :class:`CommandFailedError`."""
        self.console.say(f"\n$ modelyard {' '.join(words)}", "strong")
        self._call(words, capture=False)

    def ask(self, *words: str) -> Any:
        """What a command answers with ``--json``."""
        return json.loads(self._call((*words, "--json"), capture=True))

    def _call(self, words: tuple[str, ...], *, capture: bool) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", *words],
            cwd=self.folder,
            env=dict(self.environ),
            stdout=subprocess.PIPE if capture else self.console.people.fileno(),
            text=True,
        )
        try:
            told, _ = process.communicate()
        except BaseException:
            # Ctrl-C reaches the command as well; it ends in order, and the cloud must outlive it.
            process.terminate()
            process.wait()
            raise
        if process.returncode != 0:
            raise CommandFailedError(f"modelyard {' '.join(words)}", process.returncode)
        return told or ""


def environment(cloud: EmbeddedCloud, key: AccessKey, outside: Mapping[str, str]) -> dict[str, str]:
    """What the build server's processes get: the cloud's address, its one key, and no other identity."""
    kept = {name: value for name, value in outside.items() if not name.startswith(("AWS_", "BUILD_", "JOB_"))}
    return {
        **kept,
        **cloud.environment("tools"),
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
    }
