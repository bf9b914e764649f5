"""modelyard as a contender: its own command, in a model repository with bootstrapped accounts on the same cloud."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.e2e.world import forget, settle

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud
    from tests.e2e.world import World

_DATA = "bulk"
_AT_REST_SECONDS = 0.5
_PATIENCE = 40


@dataclass(frozen=True, kw_only=True)
class Modelyard:
    """Takes snapshots of the folder ``data`` of a model repository with ``modelyard run --until snapshot_data``."""

    world: World

    @property
    def data(self) -> Path:
        """The data set."""
        return self.world.repository.folder / _DATA

    def look(self) -> None:
        """Tell what would be uploaded, and upload nothing."""
        self._run("--dry-run")

    def take(self) -> None:
        """Take a snapshot."""
        self._run()

    def _run(self, *words: str) -> None:
        self.world.modelyard("run", "--until", "snapshot_data", "--set", f"data.tumours.path={_DATA}", *words)

    def start(self) -> None:
        """Begin anew: no data, and nothing remembered."""
        self.forget()
        shutil.rmtree(self.data, ignore_errors=True)

    def forget(self) -> None:
        """Lose all that is remembered of files and runs."""
        forget(self.world)

    def forget_run(self) -> None:
        """Lose what is remembered of the last run, but not of files."""
        self._remembered.unlink(missing_ok=True)

    def remember(self) -> None:
        """Find nothing to do once, with all files at rest; TimeoutError where that is not remembered."""
        for _ in range(_PATIENCE):
            self.take()
            if self._remembered.exists():
                return
            time.sleep(_AT_REST_SECONDS)
        raise TimeoutError(f"there is no {self._remembered}")

    @property
    def _remembered(self) -> Path:
        return self.world.repository.folder / ".modelyard" / "unchanged.json"


def modelyard(cloud: EmbeddedCloud, folder: Path) -> Modelyard:
    """The example `tumour-byo` below ``folder``, which is typed into as a shell is: Python keeps what it compiled."""
    world = settle(cloud, "tumour-byo", folder)
    environ = {name: value for name, value in world.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return Modelyard(world=replace(world, environ=environ))
