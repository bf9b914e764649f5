"""Folders whose changes go to S3 while a job runs: checkpoints, and processing outputs of mode Continuous."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.cloud.sagemaker.threads import in_thread
from agent.errors import ModelyardError
from agent.runtime.outputs import Uploaded, upload_changed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from agent.aws.objects import ObjectStore
    from agent.runtime.outputs import Destination

_SECONDS = 1.0
logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class UploadLoop:
    """One folder on its way to one place; ``uploaded`` is what is there already."""

    folder: Path
    destination: Destination
    store: ObjectStore
    uploaded: Uploaded = field(default_factory=Uploaded)

    def upload(self) -> None:
        """Send what has changed since the last time; blocks, and raises ModelyardError."""
        self.uploaded = upload_changed(self.folder, self.destination, self.store, self.uploaded)


@asynccontextmanager
async def uploading(loops: Sequence[UploadLoop]) -> AsyncIterator[None]:
    """Send the changes of folders once a second for the length of the block.

    What S3 refuses is tried again the next time; the last time, after the block, is the caller's to ask for.
    """
    task = asyncio.create_task(_keep_uploading(loops))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _keep_uploading(loops: Sequence[UploadLoop]) -> None:
    while loops:
        await asyncio.sleep(_SECONDS)
        for loop in loops:
            try:
                await in_thread(loop.upload)
            except ModelyardError as error:
                logger.warning("%s", error)
