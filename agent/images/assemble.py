"""Images without a daemon or privileges: folders become layers, and the same inputs give the same digest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.images.layer import FolderLayer, write_layer
from agent.images.layer_writer import FIXED_TIME
from agent.images.manifest import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, Descriptor, ImageConfig, Manifest

if TYPE_CHECKING:
    from agent.images.layout import ImageLayout


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """Everything that an image's digest depends on; ``layers`` are applied in order, the first lowest."""

    layers: tuple[FolderLayer, ...]
    config: ImageConfig = field(default_factory=ImageConfig)


def assemble(recipe: ImageRecipe, layout: ImageLayout) -> Descriptor:
    """Build the image into ``layout`` and answer its manifest, whose digest is the image's."""
    written = [_write(layer, layout) for layer in recipe.layers]
    created = datetime.fromtimestamp(FIXED_TIME, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    diff_ids = tuple(diff_id for _, diff_id in written)
    manifest = Manifest(
        media_type=MANIFEST_TYPE,
        config=layout.add(recipe.config.encode(diff_ids, created), CONFIG_TYPE),
        layers=tuple(descriptor for descriptor, _ in written),
    )
    return layout.add(manifest.encode(), MANIFEST_TYPE)


def _write(layer: FolderLayer, layout: ImageLayout) -> tuple[Descriptor, str]:
    with layout.writer() as blob:
        diff_id = write_layer(layer, blob)
    return Descriptor(media_type=LAYER_TYPE, digest=blob.digest, size=blob.size), diff_id
