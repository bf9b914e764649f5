"""Both runtimes as one: each container runs in the one that its image was made ready for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.runtime.container import EngineImage

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from agent.runtime.container import Container, ContainerSpec, RunnableImage, Runtime


class RuntimeByImage:
    """A :class:`agent.runtime.container.Runtime` of an engine and of processes."""

    def __init__(self, engine: Runtime, processes: Runtime) -> None:
        self._engine = engine
        self._processes = processes

    @property
    def isolation(self) -> str:
        """See :class:`agent.runtime.container.Runtime`."""
        return f"{self._engine.isolation}; images without an operating system: {self._processes.isolation}"

    def base_dir(self, image: RunnableImage, opt_ml: Path) -> PurePosixPath:
        """See :class:`agent.runtime.container.Runtime`."""
        return self._of(image).base_dir(image, opt_ml)

    def interface(self, image: RunnableImage) -> str:
        """See :class:`agent.runtime.container.Runtime`."""
        return self._of(image).interface(image)

    async def start(self, spec: ContainerSpec) -> Container:
        """See :class:`agent.runtime.container.Runtime`."""
        return await self._of(spec.image).start(spec)

    async def close(self) -> None:
        """See :class:`agent.runtime.container.Runtime`."""
        await asyncio.gather(self._engine.close(), self._processes.close())

    def _of(self, image: RunnableImage) -> Runtime:
        return self._engine if isinstance(image, EngineImage) else self._processes
