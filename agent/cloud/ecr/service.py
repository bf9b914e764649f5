"""ECR's image side put together: one set of blobs and passwords behind the registry's door and SageMaker's pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.ecr.access import RegistryAccess
from agent.cloud.ecr.blobs import Blobs
from agent.cloud.ecr.door import RegistryDoor
from agent.cloud.ecr.pull import Puller

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.clock import Clock
    from agent.cloud.emulator import Emulator
    from agent.cloud.store import Store


class Ecr:
    """The registries of every account; blobs and unpacked images live under ``folder``."""

    def __init__(self, emulator: Emulator, store: Store, clock: Clock, folder: Path) -> None:
        self._access = RegistryAccess(store, clock, emulator.identity)
        self._blobs = Blobs(store, folder / "registry")
        self.door = RegistryDoor(emulator.repositories, self._blobs, self._access)
        self.puller = Puller(emulator.repositories, self._blobs, self._access, emulator.identity, folder / "images")
        emulator.repositories.keep_blobs_in(self._blobs)
        emulator.repositories.issue_tokens_by(self._access.issue)

    def reset(self) -> None:
        """Forget every blob and unpacked image."""
        self._blobs.reset()
        self.puller.reset()
