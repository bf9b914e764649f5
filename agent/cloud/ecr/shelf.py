"""What comes after the permission to pull: an image is made ready for the runtime in which its containers will run."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.cloud.errors import validation_error
from agent.images.manifest import decode_config
from agent.images.program import RUNTIME_LABEL
from agent.images.unpack import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.identity import Credentials
    from agent.errors import ModelyardError
    from agent.images.layout import ImageLayout
    from agent.images.manifest import ImageConfig, Manifest
    from agent.images.unpack import UnpackedImage
    from agent.runtime.container import RunnableImage


@dataclass(frozen=True, kw_only=True)
class PermittedImage:
    """An image that may be pulled with these ``credentials``; ``uri`` names it by its digest."""

    uri: str
    account: str
    region: str
    digest: str
    manifest: Manifest
    credentials: Credentials

    def config(self, layout: ImageLayout) -> ImageConfig:
        """How its containers start."""
        return decode_config(layout.read(self.manifest.config.digest))


class Shelf(Protocol):
    """Images that are ready to be run."""

    async def ready(self, image: PermittedImage) -> RunnableImage:
        """The image, made ready unless it is; :class:`agent.errors.ModelyardError` when it cannot be."""

    def reset(self) -> None:
        """Forget every image."""


class UnpackedImages:
    """Images as folders, for the runtime of processes."""

    def __init__(self, layout: ImageLayout, cache: Path) -> None:
        self._layout = layout
        self._cache = cache

    async def ready(self, image: PermittedImage) -> UnpackedImage:
        """See :class:`Shelf`."""
        return await asyncio.to_thread(unpack, self._layout, image.digest, self._cache)

    def reset(self) -> None:
        """See :class:`Shelf`."""
        shutil.rmtree(self._cache, ignore_errors=True)


class ShelfByImage:
    """Images with an operating system go to the engine; one of programs only runs as a process, where that is wanted.

    ``processes`` is None where everything has to run in the engine.
    """

    def __init__(self, layout: ImageLayout, engine: Shelf, processes: Shelf | None) -> None:
        self._layout = layout
        self._engine = engine
        self._processes = processes

    async def ready(self, image: PermittedImage) -> RunnableImage:
        """See :class:`Shelf`."""
        if RUNTIME_LABEL not in image.config(self._layout).labels:
            return await self._engine.ready(image)
        if self._processes is None:
            raise validation_error(
                f"The image {image.uri} has no operating system (it was built by `builder: process`), and this cloud "
                "runs containers only. Build it with `builder: engine` or `layers`, or start the cloud with "
                "--runtime auto."
            )
        return await self._processes.ready(image)

    def reset(self) -> None:
        """See :class:`Shelf`."""
        self._engine.reset()
        if self._processes is not None:
            self._processes.reset()


def pull_failed(image: str, error: ModelyardError) -> Exception:
    """An image that is there and permitted, and could not be made ready."""
    return validation_error(f"Failed to pull image {image}: {error}")
