"""An image in a registry, read for what it holds; layers that were read before are not asked for again."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.images.contents.layer import read_layer
from agent.images.contents.merging import packages_of, system_of, unread_of
from agent.images.layers.compose import HISTORY
from agent.images.manifest import decode_manifest
from agent.ports.contents import ImageContents, ImageLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.images.registry import Registry
    from agent.ports.contents import KeptLayers, LayerContents
    from agent.ports.images import PushTarget
    from agent.ports.reporter import Reporter

_OF_PROGRAMS = {"modelyard": "code"}
"""What images of programs have in their history, by what that means."""


def read_image(
    registry: Registry, target: PushTarget, digest: str, kept: KeptLayers, report: Reporter
) -> ImageContents:
    """What the image of that digest holds; every byte that is read has the digest that names it.

    InputMissingError where a part of it is not there, or is another one.
    """
    manifest = decode_manifest(registry.manifest(target.repository, digest), f"{target.uri}@{digest}")
    config = json.loads(registry.small(target.repository, manifest.config.digest))
    told = _told_by_history(config, len(manifest.layers))
    layers = tuple(
        ImageLayer(digest=layer.digest, size=layer.size, holds=holds)
        for layer, holds in zip(manifest.layers, told, strict=True)
    )
    read = [(layer.digest, _read(registry, target, layer, kept, report)) for layer in layers]
    contents = [one for _, one in read]
    return ImageContents(
        name=target.uri,
        digest=digest,
        platform=f"{config.get('os', 'linux')}/{config.get('architecture', 'amd64')}",
        created=str(config.get("created") or ""),
        layers=layers,
        system=system_of(contents),
        packages=packages_of(read),
        unread=unread_of(contents),
    )


def _read(
    registry: Registry, target: PushTarget, layer: ImageLayer, kept: KeptLayers, report: Reporter
) -> LayerContents:
    known = kept.find(layer.digest)
    if known is None:
        report.doing(f"reading what the layer {layer.digest[:19]} holds ({layer.size / 1e6:.1f} MB)")
        known = registry.read(target.repository, layer.digest, partial(read_layer, layer.digest))
        kept.keep(layer.digest, known)
    return known


def _told_by_history(config: Mapping[str, Any], count: int) -> Sequence[str]:
    """What each layer holds, as far as we wrote it; what others wrote may show the secrets of a build."""
    entries = [str(one.get("created_by", "")) for one in config.get("history") or () if not one.get("empty_layer")]
    told = [_holds(entry) for entry in entries]
    return told if len(told) == count else [""] * count


def _holds(entry: str) -> str:
    ours = entry.removeprefix(HISTORY) if entry.startswith(HISTORY) else ""
    return _OF_PROGRAMS.get(entry, ours)
