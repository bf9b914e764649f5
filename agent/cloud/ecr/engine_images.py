"""Images in a container engine: it pulls from the cloud's own registry what it does not have, layer by layer.

The permission has been checked before, every time: an engine does not ask again for an image that it knows.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from agent.runtime.container import EngineImage
from agent.runtime.engine.calls import EngineError
from agent.runtime.engine.labels import forget_images, image_repository

if TYPE_CHECKING:
    from agent.cloud.ecr.access import RegistryAccess
    from agent.cloud.ecr.shelf import PermittedImage
    from agent.images.layout import ImageLayout
    from agent.runtime.engine.api import EngineApi

_UNKNOWN = 404


class EngineImages:
    """A :class:`agent.cloud.ecr.shelf.Shelf`; ``registry`` is where the engine reaches this cloud (``127.0.0.1:PORT``).

    Whatever the cloud runs has a name of the cloud's own in the engine (``modelyard-<cloud>:<digest>``), so that it
    stays while the cloud is there, whatever port the cloud has in its next life.
    """

    def __init__(
        self, api: EngineApi, layout: ImageLayout, access: RegistryAccess, *, registry: str, cloud: str
    ) -> None:
        self._api = api
        self._layout = layout
        self._access = access
        self._registry = registry
        self._repository = image_repository(cloud)
        self._cloud = cloud
        self._pulling: dict[str, asyncio.Lock] = {}

    async def ready(self, image: PermittedImage) -> EngineImage:
        """See :class:`agent.cloud.ecr.shelf.Shelf`."""
        async with self._pulling.setdefault(image.digest, asyncio.Lock()):
            identity = await self._identity(image) or await self._pull(image)
        return EngineImage(digest=image.digest, identity=identity, user=image.config(self._layout).user)

    def reset(self) -> None:
        """See :class:`agent.cloud.ecr.shelf.Shelf`."""
        forget_images(self._api.address, self._cloud)

    async def _identity(self, image: PermittedImage) -> str | None:
        """What the engine calls the image, by our name for it or by its configuration's digest; None without it."""
        if found := await self._find(f"{self._repository}:{_tag(image)}"):
            return found
        found = await self._find(image.manifest.config.digest)
        if found:
            await self._name(found, image)
        return found

    async def _find(self, name: str) -> str | None:
        try:
            described: dict[str, str] = await self._api.call("GET", f"/images/{quote(name)}/json")
        except EngineError as error:
            if error.status == _UNKNOWN:
                return None
            raise
        return described["Id"]

    async def _pull(self, image: PermittedImage) -> str:
        name = f"{self._registry}/{image.uri.partition('@')[0]}"
        query = {"fromImage": name, "tag": image.digest}
        async for line in self._api.lines("POST", "/images/create", self._authorization(image), **query):
            if refusal := json.loads(line).get("error"):
                raise EngineError(f"the container engine could not pull {image.uri}: {refusal}")
        pulled = f"{name}@{image.digest}"
        identity = await self._find(pulled)
        if identity is None:
            raise EngineError(f"the container engine pulled {image.uri} and does not have it")
        await self._name(identity, image)
        await self._api.call("DELETE", f"/images/{quote(pulled)}", noprune="1")
        return identity

    async def _name(self, identity: str, image: PermittedImage) -> None:
        await self._api.call("POST", f"/images/{identity}/tag", repo=self._repository, tag=_tag(image))

    def _authorization(self, image: PermittedImage) -> dict[str, str]:
        """A password of the role that pulls, as an engine takes it."""
        token, _ = self._access.issue(image.account, image.region, image.credentials.access_key_id)
        name, _, password = base64.b64decode(token).decode().partition(":")
        document = {"username": name, "password": password, "serveraddress": self._registry}
        return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(document).encode()).decode()}


def _tag(image: PermittedImage) -> str:
    return image.digest.replace(":", "-")
