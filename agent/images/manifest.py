"""Image documents as Docker's manifest v2 schema 2 defines them, because SageMaker rejects OCI indexes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
SINGLE_IMAGE_TYPES = (MANIFEST_TYPE, OCI_MANIFEST_TYPE)


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A blob as a manifest names it: ``digest`` is ``sha256:…`` of its bytes, ``size`` their number."""

    media_type: str
    digest: str
    size: int

    def document(self) -> dict[str, Any]:
        """The descriptor in the manifest's own spelling."""
        return {"mediaType": self.media_type, "size": self.size, "digest": self.digest}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One image: its configuration and its layers, lowest first."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything that must be in a registry before the manifest may be."""
        return (*self.layers, self.config)

    def encode(self) -> bytes:
        """The manifest's bytes; their sha256 is the image's digest."""
        return canonical_json(
            {
                "schemaVersion": 2,
                "mediaType": self.media_type,
                "config": self.config.document(),
                "layers": [layer.document() for layer in self.layers],
            }
        )


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """How a container of the image starts, as a Dockerfile's instructions would have set it."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    user: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    architecture: str = "amd64"

    def encode(self, diff_ids: tuple[str, ...], created: str) -> bytes:
        """The configuration's bytes; ``diff_ids`` are digests of the layers' tar streams, ``created`` is RFC 3339."""
        return canonical_json(
            {
                "architecture": self.architecture,
                "os": "linux",
                "created": created,
                "config": {
                    "Entrypoint": list(self.entrypoint) or None,
                    "Cmd": list(self.cmd) or None,
                    "Env": [f"{name}={value}" for name, value in self.env],
                    "WorkingDir": self.working_dir,
                    "User": self.user,
                    "Labels": dict(self.labels),
                },
                "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
                "history": [{"created": created, "created_by": "modelyard"} for _ in diff_ids],
            }
        )


def sha256_digest(data: bytes) -> str:
    """The digest of bytes as registries write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """JSON that is the same for the same value: sorted keys and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode_manifest(data: bytes, origin: str) -> Manifest:
    """Read a manifest; anything but a single image raises :class:`agent.errors.InputMissingError`."""
    document = json.loads(data)
    media_type = document.get("mediaType", OCI_MANIFEST_TYPE)
    check_single_image(media_type, origin)
    return Manifest(
        media_type=media_type,
        config=_descriptor(document["config"]),
        layers=tuple(_descriptor(layer) for layer in document["layers"]),
    )


def check_single_image(media_type: str, origin: str) -> None:
    """Refuse, with :class:`agent.errors.InputMissingError`, a manifest of a type that SageMaker does not run."""
    if media_type not in SINGLE_IMAGE_TYPES:
        raise InputMissingError(
            f"{origin} is a {media_type}, not a single image; SageMaker takes no image indexes: "
            "build it for one platform without attestations (docker buildx build --provenance=false)"
        )


def decode_config(data: bytes) -> ImageConfig:
    """Read the part of an image's configuration that a runtime needs."""
    document = json.loads(data)
    settings = document.get("config") or {}
    return ImageConfig(
        entrypoint=tuple(settings.get("Entrypoint") or ()),
        cmd=tuple(settings.get("Cmd") or ()),
        env=tuple(_variable(entry) for entry in settings.get("Env") or ()),
        working_dir=settings.get("WorkingDir") or "",
        user=settings.get("User") or "",
        labels=tuple(sorted((settings.get("Labels") or {}).items())),
        architecture=document.get("architecture", "amd64"),
    )


def _descriptor(document: Mapping[str, Any]) -> Descriptor:
    return Descriptor(media_type=document["mediaType"], digest=document["digest"], size=document["size"])


def _variable(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value
