"""How a repository remembers a dependency layer, so that an agent that never saw it need not make it again."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agent.errors import InputMissingError
from agent.images.blobs import Blob, BytesContent
from agent.images.layers.compose import Layer
from agent.images.manifest import (
    CONFIG_TYPE,
    MANIFEST_TYPE,
    Descriptor,
    Manifest,
    canonical_json,
    decode_manifest,
    sha256_digest,
)

_LABEL = "modelyard.dependencies"
DEPENDENCIES = "dependencies"
"""What such a layer holds, in the history of images."""


@dataclass(frozen=True, kw_only=True)
class DependencyRecord:
    """A layer that a repository remembers: an image of nothing else, which says for what it was made."""

    key: str
    layer: Layer

    @property
    def config(self) -> bytes:
        """The record's configuration; it is no image that anybody runs."""
        return canonical_json(
            {
                "architecture": "unknown",
                "os": "linux",
                "config": {"Labels": {_LABEL: self.key}},
                "rootfs": {"type": "layers", "diff_ids": [self.layer.diff_id]},
            }
        )

    @property
    def config_blob(self) -> Blob:
        """The configuration as something to upload."""
        config = self.config
        described = Descriptor(media_type=CONFIG_TYPE, digest=sha256_digest(config), size=len(config))
        return Blob(descriptor=described, content=BytesContent(data=config))

    @property
    def manifest(self) -> bytes:
        """The record's manifest."""
        layers = (self.layer.descriptor,)
        return Manifest(media_type=MANIFEST_TYPE, config=self.config_blob.descriptor, layers=layers).encode()


def decode_record(manifest: bytes, config: bytes) -> DependencyRecord:
    """Read a record; InputMissingError for what is none."""
    try:
        document = json.loads(config)
        (blob,), (diff_id,) = decode_manifest(manifest, "record").layers, document["rootfs"]["diff_ids"]
        key = str(document["config"]["Labels"][_LABEL])
    except (ValueError, KeyError, TypeError) as error:
        raise InputMissingError(f"this is no record of a dependency layer: {error!r}; remove it") from error
    return DependencyRecord(
        key=key, layer=Layer(digest=blob.digest, size=blob.size, diff_id=diff_id, holds=DEPENDENCIES)
    )
