"""The image builders that a configuration may name, behind one interface; each says what its image is made of."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from agent.errors import UsageError
from agent.images.cache import cache_folder
from agent.images.contents.reading import read_image
from agent.images.engine.builder import EngineBuilder
from agent.images.layer import write_layer
from agent.images.layers.base import base_endpoint
from agent.images.layers.builder import LayersBuilder
from agent.images.program import build_and_push, program_recipe
from agent.images.reference import parse_reference
from agent.images.registry import Registry, RegistryEndpoint
from agent.images.retries import Retries
from agent.images.signatures import read_claims
from agent.images.stored_gzip import Nowhere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.images.assemble import ImageRecipe
    from agent.ports.contents import ImageContents, KeptLayers
    from agent.ports.images import BuildOrder, PushTarget
    from agent.ports.reporter import Reporter
    from agent.ports.signatures import Claim
    from agent.ports.time import Clock


class Builder(Protocol):
    """One way of building; see :class:`agent.ports.images.ImageBuilder`."""

    def source_digest(self, order: BuildOrder) -> str:
        """The sha256 over everything that the image is made of."""

    def build_and_push(self, order: BuildOrder, target: PushTarget, tag: str, report: Reporter) -> str:
        """Build, push, and answer the manifest's digest."""


class Builders:
    """An :class:`agent.ports.images.ImageBuilder` that hands each order to the builder it names."""

    def __init__(self, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        retries = Retries(sleep=clock.sleep)
        self._retries = retries
        self._environ = environ
        self._by_name: dict[str, Builder] = {
            "engine": EngineBuilder(clock, retries, cache_folder(environ)),
            "layers": LayersBuilder(retries, cache_folder(environ), environ),
            "process": ProgramBuilder(retries),
        }

    def source_digest(self, order: BuildOrder) -> str:
        """See :class:`agent.ports.images.ImageBuilder`."""
        return self._builder(order).source_digest(order)

    def build_and_push(self, order: BuildOrder, target: PushTarget, *, tag: str, report: Reporter) -> str:
        """See :class:`agent.ports.images.ImageBuilder`."""
        return self._builder(order).build_and_push(order, target, tag, report)

    def contents(self, target: PushTarget, digest: str, kept: KeptLayers, *, report: Reporter) -> ImageContents:
        """See :class:`agent.ports.images.ImageBuilder`; whoever built the image, its layers tell the same way."""
        with Registry(_endpoint(target), self._retries) as registry:
            return read_image(registry, target, digest, kept, report)

    def claims(self, name: str, target: PushTarget) -> Sequence[Claim]:
        """See :class:`agent.ports.images.ImageBuilder`."""
        image = parse_reference(name)
        with Registry(base_endpoint(image, target, self._environ), self._retries) as registry:
            return read_claims(registry, image.repository, image.locator)

    def _builder(self, order: BuildOrder) -> Builder:
        try:
            return self._by_name[order.builder]
        except KeyError:
            works = " and ".join(f"`{name}`" for name in self._by_name)
            raise UsageError(
                f"the image builder `{order.builder}` does not work here; set `image.builder` to one that does: {works}"
            ) from None


class ProgramBuilder:
    """The builder `process`: the context folder as it is, for a cloud that runs containers as processes.

    Base image, Dockerfile, requirements and build arguments are no part of such an image, nor of its digest.
    """

    def __init__(self, retries: Retries) -> None:
        self._retries = retries

    def source_digest(self, order: BuildOrder) -> str:
        """The digest of what the layers hold (names, modes and contents of all files) and of how containers start."""
        recipe = _recipe(order)
        made_of = {
            "builder": order.builder,
            "layers": [write_layer(layer, Nowhere()) for layer in recipe.layers],
            "config": asdict(recipe.config),
        }
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def build_and_push(self, order: BuildOrder, target: PushTarget, tag: str, report: Reporter) -> str:  # noqa: ARG002
        """Assemble the layer and push what the registry lacks."""
        return build_and_push(_recipe(order), _endpoint(target), target.repository, tag, self._retries)


def _recipe(order: BuildOrder) -> ImageRecipe:
    return program_recipe(order.folder / order.context)


def _endpoint(target: PushTarget) -> RegistryEndpoint:
    return RegistryEndpoint(base_url=target.base_url, host=target.host, password=target.token)
