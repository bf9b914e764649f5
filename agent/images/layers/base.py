"""The image that ours stands on: where it is, what it is made of, and how its blobs get into our repository."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import InputMissingError, UsageError
from agent.images.blobs import Blob
from agent.images.challenge import is_loopback
from agent.images.credentials import find_login
from agent.images.exchange import RegistryEndpoint
from agent.images.manifest import (
    INDEX_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    OCI_MANIFEST_TYPE,
    SINGLE_IMAGE_TYPES,
    Descriptor,
    Manifest,
    decode_manifest,
    sha256_digest,
)
from agent.images.reference import parse_reference
from agent.images.registry import Registry, RemoteContent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.images.layout import ImageLayout
    from agent.images.reference import ImageReference
    from agent.images.retries import Retries
    from agent.ports.images import PushTarget

_INDEX_TYPES = (INDEX_TYPE, "application/vnd.docker.distribution.manifest.list.v2+json")
_LAYER_TYPES: Mapping[str, str] = {
    LAYER_TYPE: LAYER_TYPE,
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip": LAYER_TYPE,
    "application/vnd.oci.image.layer.v1.tar": "application/vnd.docker.image.rootfs.diff.tar",
}
"""A layer's media type in Docker's schema 2, by the one that the base image gives it; the bytes are the same."""
_DOCKER_HUB = "docker.io"
_DOCKER_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """A single image for our platform; ``config`` is its whole configuration document, ``blobs`` are its layers."""

    digest: str
    config: Mapping[str, Any]
    blobs: tuple[Blob, ...]


def base_endpoint(reference: ImageReference, target: PushTarget, environ: Mapping[str, str]) -> RegistryEndpoint:
    """Where the registry of a base image answers, and as whom it is asked.

    ECR's password opens every account's registry of the region, as far as their policies let us in.
    """
    host = reference.registry
    if host == target.host:
        return RegistryEndpoint(base_url=target.base_url, host=target.host, password=target.token)
    if reference.account:
        one_for_all = target.base_url != f"https://{target.host}"
        base_url = target.base_url if one_for_all else f"https://{host}"
        return RegistryEndpoint(base_url=base_url, host=host, password=target.token)
    name = _DOCKER_HUB_HOST if host == _DOCKER_HUB else host
    scheme = "http" if is_loopback(name.rpartition(":")[0] or name) else "https"
    login = find_login(host, environ)
    if login is None:
        return RegistryEndpoint(base_url=f"{scheme}://{name}")
    return RegistryEndpoint(base_url=f"{scheme}://{name}", username=login.username, password=login.password)


class BaseImages:
    """Reads base images; their small documents are kept in ``layout``, so that a digest is asked for once."""

    def __init__(self, layout: ImageLayout, retries: Retries, environ: Mapping[str, str]) -> None:
        self._layout = layout
        self._retries = retries
        self._environ = environ

    def read(self, name: str, platform: str, target: PushTarget) -> BaseImage:
        """The image of that name for a platform.

        UsageError for an image of another one; InputMissingError where it is absent or of a kind that cannot be used.
        """
        reference = parse_reference(name)
        with Registry(base_endpoint(reference, target, self._environ), self._retries) as registry:
            raw = self._single(registry, reference.repository, reference.locator, platform, name)
            manifest = decode_manifest(raw, name)
            layers = docker_layers(manifest, name)
            config = json.loads(registry.download(reference.repository, manifest.config.digest, self._layout))
        check_platform(config, platform, name)
        mount_from = reference.repository if reference.registry == target.host else None
        return BaseImage(
            digest=sha256_digest(raw),
            config=config,
            blobs=tuple(
                Blob(
                    descriptor=layer,
                    content=RemoteContent(registry=registry, repository=reference.repository, digest=layer.digest),
                    mount_from=mount_from,
                )
                for layer in layers
            ),
        )

    def _single(self, registry: Registry, repository: str, locator: str, platform: str, name: str) -> bytes:
        raw = self._manifest(registry, repository, locator)
        document = json.loads(raw)
        if "manifests" not in document:
            return raw
        return self._manifest(registry, repository, choose_platform(document, platform, name))

    def _manifest(self, registry: Registry, repository: str, locator: str) -> bytes:
        """A manifest or an index; what a digest names cannot change, so it need not be asked for again."""
        if locator.startswith("sha256:") and self._layout.has(locator):
            return self._layout.read(locator)
        raw = registry.manifest(repository, locator, (*SINGLE_IMAGE_TYPES, *_INDEX_TYPES))
        self._layout.add(raw, MANIFEST_TYPE)
        return raw


def choose_platform(index: Mapping[str, Any], platform: str, name: str) -> str:
    """The digest of the image for ``platform`` (``linux/amd64``) in an index; attestations are for no platform."""
    system, _, architecture = platform.partition("/")
    for entry in index["manifests"]:
        told = entry.get("platform", {})
        if (told.get("os"), told.get("architecture")) == (system, architecture):
            return str(entry["digest"])
    there = sorted({f"{told.get('os')}/{told.get('architecture')}" for told in _platforms(index)} - {"unknown/unknown"})
    raise UsageError(f"the base image {name} is there for {', '.join(there)}, not for {platform}; set `image.platform`")


def check_platform(config: Mapping[str, Any], platform: str, name: str) -> None:
    """Refuse a base image that does not run where ours shall."""
    told = f"{config.get('os', 'linux')}/{config.get('architecture', 'amd64')}"
    if told != platform:
        raise UsageError(
            f"the base image {name} is for {told}, not for {platform}; set `image.platform`, or name another base image"
        )


def docker_layers(manifest: Manifest, name: str) -> tuple[Descriptor, ...]:
    """The layers of a base image as Docker's schema 2 names them."""
    if manifest.media_type not in {MANIFEST_TYPE, OCI_MANIFEST_TYPE}:
        raise InputMissingError(f"the base image {name} is a {manifest.media_type}, not an image; name another one")
    return tuple(_docker_layer(layer, name) for layer in manifest.layers)


def _docker_layer(layer: Descriptor, name: str) -> Descriptor:
    media_type = _LAYER_TYPES.get(layer.media_type)
    if media_type is None:
        why = (
            "SageMaker takes Docker's schema 2, which has no zstd"
            if "zstd" in layer.media_type
            else "not a layer we know"
        )
        raise InputMissingError(
            f"the base image {name} has a layer {layer.digest} of the type {layer.media_type} ({why}); "
            "use a base image whose layers are gzip"
        )
    return Descriptor(media_type=media_type, digest=layer.digest, size=layer.size)


def _platforms(index: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry.get("platform", {}) for entry in index["manifests"]]
