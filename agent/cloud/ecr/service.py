"""ECR's image side put together: one set of blobs and passwords behind the registry's door and SageMaker's pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.ecr.access import RegistryAccess
from agent.cloud.ecr.blobs import Blobs
from agent.cloud.ecr.door import RegistryDoor
from agent.cloud.ecr.engine_images import EngineImages
from agent.cloud.ecr.pull import Puller
from agent.cloud.ecr.shelf import Shelf, ShelfByImage, UnpackedImages

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.clock import Clock
    from agent.cloud.emulator import Emulator
    from agent.cloud.store import Store
    from agent.cloud.where_containers_run import EngineInUse


class Ecr:
    """The registries of every account; blobs and unpacked images live under ``folder``.

    ``engine`` is where containers run, if any do not run as processes.
    """

    def __init__(
        self, emulator: Emulator, store: Store, clock: Clock, folder: Path, engine: EngineInUse | None = None
    ) -> None:
        self._access = RegistryAccess(store, clock, emulator.identity)
        self._blobs = Blobs(store, folder / "registry")
        self.door = RegistryDoor(emulator.repositories, self._blobs, self._access)
        self.puller = Puller(
            emulator.repositories, self._blobs, self._access, emulator.identity, self._shelf(folder / "images", engine)
        )
        emulator.repositories.keep_blobs_in(self._blobs)
        emulator.repositories.issue_tokens_by(self._access.issue)

    def _shelf(self, cache: Path, engine: EngineInUse | None) -> Shelf:
        layout = self._blobs.layout
        unpacked = UnpackedImages(layout, cache)
        if engine is None:
            return unpacked
        pulled = EngineImages(engine.api, layout, self._access, registry=engine.registry, cloud=engine.cloud)
        return ShelfByImage(layout, pulled, None if engine.only else unpacked)

    def reset(self) -> None:
        """Forget every blob and every image that was made ready."""
        self._blobs.reset()
        self.puller.reset()
