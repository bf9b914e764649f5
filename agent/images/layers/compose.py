"""What the image is: the base image's configuration with ours laid over it, and one manifest over all layers."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.images.layers.places import BIN, site_packages
from agent.images.manifest import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    Descriptor,
    Manifest,
    canonical_json,
    sha256_digest,
)
from agent.images.program import PROGRAM, SYSTEM_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.images.blobs import FileContent

_LEFT_BY_BUILDS = ("container", "container_config", "docker_version", "id", "parent")
"""What engines note about themselves; it is no part of what an image is."""
HISTORY = "modelyard: "
"""What stands ahead of what a layer of ours holds, in the history of images."""
_FIRST_MOMENT = "1980-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of ours: its blob, the ``diff_id`` of the tar inside, and what it holds, in a word."""

    digest: str
    size: int
    diff_id: str
    holds: str

    @property
    def descriptor(self) -> Descriptor:
        """As a manifest names it."""
        return Descriptor(media_type=LAYER_TYPE, digest=self.digest, size=self.size)


@dataclass(frozen=True, kw_only=True)
class Upper:
    """One of our own layers; without ``content`` the repository has it. ``made`` is one that was made just now."""

    layer: Layer
    content: FileContent | None
    made: bool = False


@dataclass(frozen=True, kw_only=True)
class Composed:
    """An image as two documents."""

    config: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        """The image's digest."""
        return sha256_digest(self.manifest)

    @property
    def config_descriptor(self) -> Descriptor:
        """As the manifest names the configuration."""
        return Descriptor(media_type=CONFIG_TYPE, digest=sha256_digest(self.config), size=len(self.config))


def compose(
    base: Mapping[str, Any],
    base_layers: Sequence[Descriptor],
    layers: Sequence[Layer],
    *,
    python: str | None,
    labels: Mapping[str, str],
    created: str,
) -> Composed:
    """The image of a ``base`` (configuration and layers) and our ``layers`` above it.

    ``python`` is the version whose packages the dependency layer holds; None without one.
    """
    moment = created or _FIRST_MOMENT
    config = copy.deepcopy(dict(base))
    for name in _LEFT_BY_BUILDS:
        config.pop(name, None)
    config["created"] = moment
    config["config"] = _settings(config.get("config") or {}, python, labels)
    rootfs = config.get("rootfs") or {}
    config["rootfs"] = {"type": "layers", "diff_ids": [*rootfs.get("diff_ids", ()), *(one.diff_id for one in layers)]}
    config["history"] = [
        *(config.get("history") or ()),
        *({"created": moment, "created_by": f"{HISTORY}{one.holds}"} for one in layers),
    ]
    encoded = canonical_json(config)
    described = Descriptor(media_type=CONFIG_TYPE, digest=sha256_digest(encoded), size=len(encoded))
    all_layers = (*base_layers, *(one.descriptor for one in layers))
    manifest = Manifest(media_type=MANIFEST_TYPE, config=described, layers=all_layers)
    return Composed(config=encoded, manifest=manifest.encode())


def _settings(base: Mapping[str, Any], python: str | None, labels: Mapping[str, str]) -> dict[str, Any]:
    """How containers start: entry point, command and user are the base image's."""
    variables = dict(_variable(entry) for entry in base.get("Env") or ())
    first = [PROGRAM, BIN] if python else [PROGRAM]
    variables["PATH"] = ":".join((*first, variables.get("PATH") or SYSTEM_PATH))
    variables["PYTHONUNBUFFERED"] = "1"
    if python:
        variables["PYTHONPATH"] = ":".join(filter(None, (site_packages(python), variables.get("PYTHONPATH"))))
    return {
        **base,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "WorkingDir": PROGRAM,
        "Labels": {**(base.get("Labels") or {}), **labels},
    }


def python_version(base: Mapping[str, Any], name: str) -> str:
    """The version (``3.11``) that a base image's configuration tells of its Python, as the official images do."""
    settings = base.get("config") or {}
    told = dict(_variable(entry) for entry in settings.get("Env") or ()).get("PYTHON_VERSION", "")
    found = re.match(r"3\.\d+", told)
    if found is None:
        raise UsageError(
            f"the base image {name} does not say which Python it has (it has no variable PYTHON_VERSION); "
            "set `image.python`, for example to '3.11'"
        )
    return found[0]


def _variable(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value
