"""Starting a container is not cut in the middle: whoever is cancelled meanwhile leaves no half-started one behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from agent.runtime.container import Container


async def whole_start(start: Coroutine[Any, Any, Container]) -> Container:
    """What ``start`` starts; when this is cancelled, it is started to the end and then killed."""
    starting = asyncio.create_task(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        if not starting.exception():
            await starting.result().kill()
        raise
