"""Where a cloud's containers run: as processes, in an engine, or each where its image can.

``auto`` takes an engine when one is there, for every image that has an operating system in it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.runtime.by_image import RuntimeByImage
from agent.runtime.engine.api import EngineApi
from agent.runtime.engine.calls import EngineError
from agent.runtime.engine.found import FoundEngine, find_engine
from agent.runtime.engine.labels import cloud_id, forget_images, sweep
from agent.runtime.engine.ownership import stranger
from agent.runtime.engine.runtime import EngineRuntime
from agent.runtime.isolation import detect_isolation
from agent.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from agent.runtime.container import Runtime

logger = logging.getLogger(__name__)


class RuntimeChoice(Enum):
    """What ``--runtime`` may say."""

    AUTO = "auto"
    PROCESS = "process"
    DOCKER = "docker"


@dataclass(frozen=True, kw_only=True)
class EngineInUse:
    """An engine as one cloud uses it: as whom, where it finds the registry, and whether nothing else is used."""

    found: FoundEngine
    api: EngineApi
    cloud: str
    endpoint: str
    only: bool
    discard: bool

    @property
    def registry(self) -> str:
        """The cloud's registries as the engine reaches them."""
        return self.endpoint.rpartition("/")[2]

    def clear_leftovers(self) -> None:
        """Remove what an earlier life of this cloud could not; blocking."""
        sweep(self.found.address, self.cloud)

    async def close(self) -> None:
        """Let go of the engine, with nothing left in it of a cloud that is discarded."""
        if self.discard:
            try:
                forget_images(self.found.address, self.cloud)
            except EngineError as error:
                logger.warning("images of this cloud stay in the container engine: %s", error)
        await self.api.close()


def engine_in_use(choice: RuntimeChoice, state: Path, endpoint: str, *, discard: bool) -> EngineInUse | None:
    """The engine for a choice; :class:`agent.errors.UsageError` when one is asked for and cannot be had."""
    if choice is RuntimeChoice.PROCESS:
        return None
    try:
        found = find_engine()
    except UsageError as error:
        if choice is RuntimeChoice.DOCKER:
            raise UsageError(f"--runtime docker: {error}") from error
        logger.info("containers run as processes: %s", error)
        return None
    return EngineInUse(
        found=found,
        api=EngineApi(found.address),
        cloud=cloud_id(state),
        endpoint=endpoint,
        only=choice is RuntimeChoice.DOCKER,
        discard=discard,
    )


def runtime_of(engine: EngineInUse | None, state: Path, now: Callable[[], datetime]) -> Runtime:
    """The runtime that goes with an engine, or with none."""
    if engine is None:
        return ProcessRuntime(detect_isolation(hidden=(state,)), now)
    contained = EngineRuntime(
        engine.api,
        engine.found,
        cloud=engine.cloud,
        endpoint=engine.endpoint,
        discard=engine.discard,
        owner=stranger(),
        now=now,
    )
    return contained if engine.only else RuntimeByImage(contained, ProcessRuntime(detect_isolation((state,)), now))
