"""What marks a cloud's own things in an engine, and how all that carry its mark are removed."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agent.runtime.engine.calls import EngineError, call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.runtime.engine.address import EngineAddress

CLOUD = "io.modelyard.cloud"
OWNER = "io.modelyard.owner"


def cloud_id(state: Path) -> str:
    """What names a cloud in an engine that serves several: the same in each life of a state folder."""
    return hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]


def labels(cloud: str, owner: int) -> Mapping[str, str]:
    """The labels of whatever a cloud makes; ``owner`` is its process id."""
    return {CLOUD: cloud, OWNER: str(owner)}


def image_repository(cloud: str) -> str:
    """The name under which a cloud keeps the images that it has pulled."""
    return f"modelyard-{cloud}"


def sweep(address: EngineAddress, cloud: str) -> int:
    """Remove every container and network of a cloud; how many there were. What vanishes meanwhile is no concern."""
    filters = json.dumps({"label": [f"{CLOUD}={cloud}"]})
    containers = call(address, "GET", "/containers/json", all="1", filters=filters)
    for found in containers:
        with suppress(EngineError):
            call(address, "DELETE", f"/containers/{found['Id']}", force="1", v="1")
    networks = call(address, "GET", "/networks", filters=filters)
    for found in networks:
        with suppress(EngineError):
            call(address, "DELETE", f"/networks/{found['Id']}")
    return len(containers) + len(networks)


def forget_images(address: EngineAddress, cloud: str) -> None:
    """Take a cloud's names off its images; layers that nothing else names go with them."""
    filters = json.dumps({"reference": [image_repository(cloud)]})
    for name in _names(call(address, "GET", "/images/json", filters=filters), image_repository(cloud)):
        with suppress(EngineError):
            call(address, "DELETE", f"/images/{quote(name)}")


def _names(images: list[dict[str, Any]], repository: str) -> Iterator[str]:
    for image in images:
        yield from (name for name in image.get("RepoTags") or () if name.startswith(f"{repository}:"))
