"""The model repository of the demo: a copy of an example with a history of its own, as a user would have it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import agent
from agent.data.own_folder import NAME
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_AUTHOR: Mapping[str, str] = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


def example(name: str) -> Path:
    """The folder of an example; raises UsageError outside a checkout of the repository."""
    folder = Path(agent.__file__).resolve().parents[1] / "examples" / name
    if not folder.is_dir():
        raise UsageError(f"the demo needs the repository's examples, and {folder} does not exist; run it in a checkout")
    return folder


class Repository:
    """A scratch git repository in ``folder``, which must not exist yet."""

    def __init__(self, source: Path, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = {**environ, **_AUTHOR}
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", NAME, ".pytest_cache"))
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit("A model that tells tumours apart")

    @property
    def configuration(self) -> Path:
        """Its modelyard.yaml."""
        return self.folder / "modelyard.yaml"

    def change(self, message: str, **settings: int | str) -> None:
        """Commit other values of keys that its configuration has once, such as hyperparameters."""
        lines = self.configuration.read_text().splitlines()
        for name, value in settings.items():
            places = [number for number, line in enumerate(lines) if line.strip().startswith(f"{name}:")]
            (place,) = places
            indent = lines[place][: -len(lines[place].lstrip())]
            lines[place] = f"{indent}{name}: {value}"
        self.configuration.write_text("\n".join(lines) + "\n")
        self.commit(message)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def _git(self, *words: str) -> None:
        try:
            subprocess.run(
                ["git", *words], cwd=self.folder, env=self._environ, check=True, capture_output=True, text=True
            )
        except FileNotFoundError:
            raise UsageError("the demo needs git; install it first (Debian: apt-get install git)") from None
